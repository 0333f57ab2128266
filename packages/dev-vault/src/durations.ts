const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
}

/**
 * Whole seconds of a duration as Vault's JSON takes it: an integer, a string of digits, whole days as `2d`, or Go's `1h30m`; an
 * empty string is 0. `undefined` if it is none of these. May be negative: who asks decides whether that is allowed.
 */
export function parseSeconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? bounded(value) : undefined
  if (typeof value !== 'string') return undefined
  if (value === '') return 0
  if (/^[+-]?\d+$/.test(value)) return bounded(Number(value))
  if (/^[+-]?\d+d$/.test(value)) return bounded(Number(value.slice(0, -1)) * 86_400)
  const parts = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(value)
  return parts?.[2] === undefined ? undefined : bounded((parts[1] === '-' ? -1 : 1) * sumOfParts(parts[2]))
}

/** `1h`, `1m30s`, `59m58s`, `0s`: Go's form without its zero tail, as Vault writes it in warnings. */
export function formatSeconds(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = Math.floor(seconds % 60)
  const text = (hours > 0 ? `${hours}h` : '') + (minutes > 0 ? `${minutes}m` : '') + (rest > 0 ? `${rest}s` : '')
  return text === '' ? '0s' : text
}

/** `1000h0m0s`, `1m30s`, `0s`: Go's full form. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60)
  return (hours > 0 ? `${hours}h` : '') + (minutes > 0 ? `${minutes % 60}m` : '') + `${seconds % 60}s`
}

function sumOfParts(text: string): number {
  let seconds = 0
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(amount) * UNIT_SECONDS[unit ?? 's']!
  return seconds
}

/** Go's durations end at 2^63 ns, about 292 years; beyond that Vault refuses the value. */
function bounded(seconds: number): number | undefined {
  return Math.abs(seconds) > 9.2e9 ? undefined : Math.trunc(seconds)
}
