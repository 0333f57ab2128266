import type { Clock } from '../../clock'
import { VaultAnswerError, VaultRefusedError, VaultUnavailableError, type VaultRequestInfo } from '../../errors'
import type { HttpAnswer } from './http'

/** Statuses of a server that cannot serve now, below 500: quotas (429), consistency (412), replication (472 to 474). */
const NOT_NOW = [412, 429, 472, 473, 474]

/** The body of a good answer. Throws a typed error, without any of `secrets`, for every other. */
export function bodyOf(
  info: VaultRequestInfo,
  { status, headers, text }: HttpAnswer,
  secrets: readonly string[],
  clock: Clock,
): unknown {
  if (status === 204) return undefined
  const body = parseJson(text)
  const reasons = reasonsIn(body, secrets)
  if (status >= 500 || NOT_NOW.includes(status)) {
    const retryAfterMs = retryAfterOf(headers['retry-after'], clock.dateMs())
    throw new VaultUnavailableError(info, `${status} ${reasons?.join('; ') ?? 'without a reason'}`, status, { retryAfterMs })
  }
  if (status >= 400 && reasons !== undefined) throw new VaultRefusedError(info, status, reasons)
  if (status >= 400) throw new VaultAnswerError(info, `${status} and a body that is not Vault's`, status)
  if (status === 202 && text === '') return undefined
  if (typeof body !== 'object' || body === null) throw new VaultAnswerError(info, `${status} and a body that is not JSON`, status)
  return body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Vault's error texts, cut to one line each of at most 300 characters, without what we sent as a secret. */
function reasonsIn(body: unknown, secrets: readonly string[]): string[] | undefined {
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) return undefined
  const clean = (text: string): string => secrets.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text)
  return body.errors.map((text) => clean(String(text)).replace(/\s+/g, ' ').trim().slice(0, 300))
}

/** Seconds, or a date (RFC 9110, 10.2.3), as ms from now. */
export function retryAfterOf(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : /^[A-Z][a-z]{2}/.test(header) ? Date.parse(header) - nowMs : NaN
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Fields that hold secrets however short they are; every other text may be one when it is long. */
const SECRET_FIELDS = ['password', 'secret_id', 'jwt', 'token']
const SHORTEST_SECRET = 8

/** What a request sends that may be a secret: the token, and the texts of its body, longest first. */
export function secretsIn(body: unknown, token: string | undefined): string[] {
  const found: string[] = []
  collect(body, false, found)
  if (token) found.push(token)
  return found.toSorted((a, b) => b.length - a.length)
}

function collect(value: unknown, isSecret: boolean, found: string[]): void {
  if (typeof value === 'string') {
    if (value !== '' && (isSecret || value.length >= SHORTEST_SECRET)) found.push(value)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) collect(one, isSecret || SECRET_FIELDS.includes(name), found)
  }
}
