/** A text is not in the format that it should be in. Messages say where, and never quote: what is there may be secret. */
export class MalformedText extends Error {}
