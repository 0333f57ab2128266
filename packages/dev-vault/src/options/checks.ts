import { checkOptions, type OptionCheck, OptionError, type OptionRules } from '@leasepool/core'

/** A list of texts. */
export const strings: OptionCheck = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'an array of strings'

/** 0, 1, 2 … */
export const wholeNumber: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number of at least 0'

/** An object used as a map from names to entries. */
export const record: OptionCheck = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object with one entry per name'

/** Checks every entry of a record, and that its names are such as Vault takes. */
export function checkEntries<T extends object>(where: string, entries: Readonly<Record<string, T>>, rules: OptionRules<T>): void {
  for (const [name, entry] of Object.entries(entries)) {
    if (!/^\w([\w.-]*\w)?$/.test(name)) throw new OptionError(where, 'names of letters, digits, _ . and -', JSON.stringify(name))
    checkOptions<T>(`${where}.${name}`, entry, rules)
  }
}
