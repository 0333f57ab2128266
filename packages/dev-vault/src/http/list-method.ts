/** A request whose method Node's HTTP parser does not know. */
export interface UnparsedRequest {
  readonly url: string
  readonly headers: ReadonlyMap<string, string>
  /** `''` if it is not all there. */
  readonly body: string
}

/**
 * Reads a whole `LIST` request. Node's server refuses the method before any handler runs (llhttp has a fixed list of methods), but
 * hands over the bytes in `clientError`. `undefined` if they are something else or are cut off.
 */
export function parseListRequest(bytes: Buffer): UnparsedRequest | undefined {
  const text = bytes.toString('latin1')
  const start = text.indexOf('LIST ')
  const end = text.indexOf('\r\n\r\n')
  // Only the start of a packet: elsewhere it would be part of another request.
  if (start !== 0 || end === -1) return undefined
  const [requestLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const url = /^LIST (\S+) HTTP\/1\.[01]$/.exec(requestLine)?.[1]
  if (url === undefined) return undefined
  const headers = new Map(lines.map(parseHeader))
  return { url, headers, body: bodyOf(bytes.subarray(end + 4), Number(headers.get('content-length') ?? 0)) }
}

/** Small ones come with their head; of another, the parser has given up before it came. */
function bodyOf(rest: Buffer, length: number): string {
  return rest.length >= length ? rest.subarray(0, length).toString('utf8') : ''
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
}
