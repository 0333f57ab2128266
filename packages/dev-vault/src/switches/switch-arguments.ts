import { checkOptions, describe, httpUrl, milliseconds, type OptionCheck, OptionError, type OptionRules } from '@leasepool/core'
import type { Fault } from './faults'
import { record, strings } from '../options/checks'

// Each throws OptionError if a switch was given something that it cannot use.

/** `true` or `false`. */
export function flag(call: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') refuse(call, 'true or false', value)
}

/** The path of requests. */
export function path(call: string, value: unknown): asserts value is string | RegExp {
  const expected = pathCheck(value)
  if (expected !== undefined) refuse(call, expected, value)
}

/** What `standby` takes. */
export function standby(value: unknown): asserts value is boolean | { readonly leader: string } {
  if (typeof value === 'boolean') return
  checkOptions<{ leader: string }>(where('standby'), value, { leader: { check: httpUrl, required: true } })
}

/** What `latency` takes. */
export function delay(value: unknown): { readonly ms: number; readonly path?: string | RegExp } {
  if (typeof value === 'number') return { ms: durationMs('latency', value) }
  checkOptions<{ ms: number; path?: string | RegExp }>(where('latency'), value, {
    ms: { check: duration, required: true },
    path: { check: pathCheck },
  })
  return value
}

/** What `rateLimit` takes. */
export function rateLimit(value: unknown): void {
  if (typeof value === 'boolean') return
  checkOptions<{ retryAfterSeconds: number; path?: string | RegExp }>(where('rateLimit'), value, {
    retryAfterSeconds: { check: wholeSeconds, required: true },
    path: { check: pathCheck },
  })
}

/** What `failNext` takes: one thing that happens, and the details of just that. */
export function fault(value: unknown): asserts value is Fault {
  checkOptions<Fault>(where('failNext'), value, FAULT_RULES)
  const kinds = (['status', 'reset', 'hang'] as const).filter((kind) => value[kind] !== undefined)
  if (kinds.length !== 1) refuse('failNext', 'one of status, reset and hang', kinds.join(' and ') || 'none')
  const details = (['errors', 'body', 'headers'] as const).find((detail) => value[detail] !== undefined)
  if (details !== undefined && kinds[0] !== 'status') refuse(`failNext.${details}`, 'nothing without status', value[details])
  if (value.errors !== undefined && value.body !== undefined) refuse('failNext.body', 'nothing beside errors', value.body)
}

/** How often: a whole number, or Infinity. */
export function times(call: string, value: unknown): asserts value is number {
  if (value !== 0 && timesCheck(value) !== undefined) refuse(call, 'a whole number of at least 0, or Infinity', value)
}

/** A finite number of ms, 0 or more. */
export function durationMs(call: string, value: unknown): number {
  const expected = duration(value)
  if (expected !== undefined) refuse(call, expected, value)
  return value as number
}

const duration: OptionCheck = (value) => milliseconds(0, 100 * 365 * 86_400_000)(value)

const pathCheck: OptionCheck = (value) => {
  if (value instanceof RegExp) return undefined
  return typeof value === 'string' && value !== '' && !/^\/|^v1\/|\?/.test(value)
    ? undefined
    : 'a path without /v1/ and query such as "database/creds/app" or "auth/*", or a regular expression'
}

const timesCheck: OptionCheck = (value) =>
  value === Infinity || (Number.isSafeInteger(value) && (value as number) > 0)
    ? undefined
    : 'a whole number of at least 1, or Infinity'

const wholeSeconds: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number of seconds'

/** Lower ones mean that an answer follows. */
const httpStatus: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 200 && (value as number) <= 599 ? undefined : 'a status from 200 to 599'

const headerMap: OptionCheck = (value) =>
  record(value) ??
  (Object.entries(value as object).every(
    ([name, text]) => /^[\w-]+$/.test(name) && typeof text === 'string' && /^[\t\x20-\x7e]*$/.test(text),
  )
    ? undefined
    : 'an object of header names and texts')

const FAULT_RULES: OptionRules<Fault> = {
  status: { check: httpStatus },
  errors: { check: strings },
  body: { check: () => undefined },
  headers: { check: headerMap },
  reset: { check: (value) => (value === 'before' || value === 'after' ? undefined : '"before" or "after"') },
  hang: { check: (value) => (value === true ? undefined : 'true') },
  times: { check: timesCheck },
}

function where(call: string): string {
  return `DevVault.${call}`
}

function refuse(call: string, expected: string, value: unknown): never {
  throw new OptionError(where(call), expected, describe(value))
}
