import { Cron } from 'croner'

const FIELDS = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { least: 0, most: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const

type Field = (typeof FIELDS)[number]

/** A cron expression of five fields, in UTC. */
export interface RotationSchedule {
  readonly text: string
  /** The first instant after `ms` (since 1970). */
  readonly nextMs: (ms: number) => number
}

/** Reads a `rotation_schedule` as Vault does: no seconds, no `@daily`, Sunday is 0. Throws an Error with Vault's text. */
export function parseSchedule(text: string): RotationSchedule {
  if (text === '') throw new Error('empty spec string')
  if (text.startsWith('@')) throw new Error(`parser does not accept descriptors: ${text}`)
  const fields = text.trim().split(/\s+/)
  if (fields.length !== FIELDS.length) {
    throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  for (const [index, field] of fields.entries()) for (const range of field.split(',')) checkRange(range, FIELDS[index]!)
  const cron = new Cron(fields.map((field) => field.replaceAll('?', '*')).join(' '), { timezone: 'UTC', mode: '5-part' })
  return { text, nextMs: (ms) => cron.nextRun(new Date(ms))?.getTime() ?? Number.MAX_SAFE_INTEGER }
}

function checkRange(range: string, field: Field): void {
  const [span = '', step, ...more] = range.split('/')
  if (more.length > 0) throw new Error(`too many slashes: ${range}`)
  const [first = '', last, ...others] = span.split('-')
  if (others.length > 0) throw new Error(`too many hyphens: ${range}`)
  if (step !== undefined && number(step) === 0) throw new Error(`step of range should be a positive number: ${range}`)
  if (first === '*' || first === '?') return
  const start = value(first, field)
  const end = last === undefined ? (step === undefined ? start : field.most) : value(last, field)
  if (start < field.least) throw new Error(`beginning of range (${start}) below minimum (${field.least}): ${range}`)
  if (end > field.most) throw new Error(`end of range (${end}) above maximum (${field.most}): ${range}`)
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${range}`)
}

function value(text: string, { names }: Field): number {
  const index = (names as readonly string[]).indexOf(text.toLowerCase())
  // Months count from 1, days of the week from 0.
  return index === -1 ? number(text) : names.length === 12 ? index + 1 : index
}

function number(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
}
