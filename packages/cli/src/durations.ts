import { UsageError } from './errors'

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Beyond ten years somebody mistyped. */
const LONGEST_SECONDS = 10 * 365 * 86_400

/** Whole seconds, from 1 to ten years, of `90s`, `10m`, `1h30m` or `2d`. Throws `UsageError`, which names `option`. */
export function parseDuration(option: string, text: string): number {
  const isDuration = /^(\d{1,9}[smhd])+$/.test(text)
  const seconds = isDuration ? sumOfParts(text) : NaN
  if (seconds >= 1 && seconds <= LONGEST_SECONDS) return seconds
  throw new UsageError(option, 'a duration with a unit, from 1s to 3650d, such as 90s, 10m or 1h30m', text)
}

/** `90` is `1m30s`, `3600` is `1h`. */
export function formatDuration(seconds: number): string {
  const parts = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), Math.floor(seconds % 60)]
  const text = parts.map((part, index) => (part === 0 ? '' : `${part}${'hms'[index]}`)).join('')
  return text === '' ? '0s' : text
}

function sumOfParts(text: string): number {
  const parts = text.match(/\d+[smhd]/g) ?? []
  return parts.reduce((sum, part) => sum + Number(part.slice(0, -1)) * UNIT_SECONDS[part.slice(-1)]!, 0)
}
