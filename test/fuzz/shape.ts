import type { Answer } from '../conformance/client'

/** What of an answer must be alike, as one line. */
export function shapeOf({ status, body }: Answer): string {
  if (typeof body !== 'object' || body === null) return `${status} ${body === undefined ? 'no body' : typeof body}`
  const entries = Object.entries(body as Record<string, unknown>)
  const errors = (body as { errors?: unknown[] }).errors
  if (errors !== undefined) return `${status} ${errors.length} errors${rest(entries, ['errors'])}`
  const filled = ['data', 'auth', 'wrap_info', 'warnings'].filter((key) => (body as Record<string, unknown>)[key] != null)
  return `${status} {${filled.join(' ')}}${rest(entries, ENVELOPE)}`
}

const ENVELOPE = ['request_id', 'lease_id', 'renewable', 'lease_duration', 'data', 'wrap_info', 'warnings', 'auth', 'mount_type']

function rest(entries: readonly [string, unknown][], known: readonly string[]): string {
  const names = entries.map(([name]) => name)
  const more = names.filter((name) => !known.includes(name)).sort()
  const missing = known.filter((name) => !names.includes(name))
  return `${more.length > 0 ? ` +${more.join(',')}` : ''}${missing.length > 0 && missing.length < known.length ? ` -${missing.join(',')}` : ''}`
}

/** What is worth a look where the shapes are alike: the texts of errors and the names in `data`, without what is random. */
export function detailOf({ body }: Answer): string {
  if (typeof body !== 'object' || body === null) return ''
  const { errors, data } = body as { errors?: string[]; data?: object | null }
  if (errors !== undefined) return errors.map(masked).join(' | ')
  return data ? Object.keys(data).sort().join(',') : ''
}

/** Without ids and secrets, on one line, and without the value that a field of a wrong type had: dev-vault never tells that. */
function masked(text: string): string {
  const withoutIds = text.replace(/hv[sb]\.[\w-]+|[A-Za-z0-9]{20,}|[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')
  return JSON.stringify(withoutIds.replace(/(error converting input for field "\w+": ).*/s, '$1…'))
}
