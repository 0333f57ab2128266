import { randomInt } from 'node:crypto'
import { slotCharacter, slotOfCharacter } from './slots'

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const BASE62 = DIGITS + UPPER + LOWER

/**
 * How the random part of every user's default name begins, followed by the slot of the dev-vault that made it. By these the next start
 * knows which users an ended dev-vault left behind. A real Vault makes a name with this in exactly this place once in 14.8 million (62⁴).
 */
const MARKER = 'LpDv'

/** How the users of a plugin are called unless the connection has a `username_template`. */
export interface UsernameStyle {
  /**
   * A new name, no longer than the database allows: one that is cut silently could become another's. Without a slot it is not marked,
   * and no dev-vault takes it for its own.
   */
  readonly make: (displayName: string, roleName: string, nowMs: number, slot: number | undefined) => string
  /** The slot of the dev-vault that made this name; `undefined` if none did. */
  readonly slotOf: (username: string) => number | undefined
}

/** The default of Vault's PostgreSQL plugin: `v-` display name, role, 20 random characters, unix time. */
export const POSTGRES_USERNAMES: UsernameStyle = {
  make: (displayName, roleName, nowMs, slot) =>
    parts(displayName.slice(0, 8), roleName.slice(0, 8), random20(slot), seconds(nowMs)).slice(0, 63),
  slotOf: (username) => slotIn(username, 63, /^v-[^'"`\\;]{0,8}-[^'"`\\;]{0,8}-LpDv([A-Za-z0-9])[A-Za-z0-9]{15}-[0-9]{10}$/),
}

/** The default of Vault's MySQL plugin; at most 32 characters, which cuts the end off. At least 3 random ones follow the slot. */
export const MYSQL_USERNAMES: UsernameStyle = {
  make: (displayName, roleName, nowMs, slot) =>
    parts(displayName.slice(0, 10), roleName.slice(0, 10), random20(slot), seconds(nowMs)).slice(0, 32),
  slotOf: mysqlSlotOf,
}

/** The default of Vault's plugins for old MySQL servers, which allow 16 characters. At least 4 random ones follow the slot. */
export const MYSQL_LEGACY_USERNAMES: UsernameStyle = {
  make: (_displayName, roleName, _nowMs, slot) => parts(roleName.slice(0, 4), random20(slot)).slice(0, 16),
  slotOf: mysqlSlotOf,
}

/** Of both styles, since one server may have users of both. */
function mysqlSlotOf(username: string): number | undefined {
  return (
    slotIn(username, 32, /^v-[^'"`\\;]{0,10}-[^'"`\\;]{0,10}-LpDv([A-Za-z0-9])[A-Za-z0-9]{3,15}(?:-[0-9]{0,10})?$/) ??
    slotIn(username, 16, /^v-[^'"`\\;]{0,4}-LpDv([A-Za-z0-9])[A-Za-z0-9]{4,15}$/)
  )
}

function slotIn(username: string, maxLength: number, pattern: RegExp): number | undefined {
  const found = username.length <= maxLength ? pattern.exec(username) : null
  return found === null ? undefined : slotOfCharacter(found[1]!)
}

/** `length` random characters of base 62, from the system's secure source. */
export function randomBase62(length: number): string {
  return randomFrom(BASE62, length)
}

/** 20 characters of `a-zA-Z0-9-` with at least one of each class, as Vault's default password policy demands. */
export function databasePassword(): string {
  const classes = [LOWER, UPPER, DIGITS, '-']
  return randomText(20, classes, classes.join(''))
}

/** `length` characters of `all` in random order, at least one of each of `required`. */
export function randomText(length: number, required: readonly string[], all: string): string {
  const first = required.flatMap((characters) => randomFrom(characters, 1))
  return shuffled([...first, ...Array.from({ length: length - first.length }, () => randomFrom(all, 1))]).join('')
}

function parts(...texts: string[]): string {
  return ['v', ...texts].join('-')
}

function random20(slot: number | undefined): string {
  const start = slot === undefined ? '' : MARKER + slotCharacter(slot)
  return start + randomBase62(20 - start.length)
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000))
}

function randomFrom(characters: string, length: number): string {
  const list = [...characters]
  let text = ''
  for (let count = 0; count < length; count++) text += list[randomInt(list.length)]
  return text
}

function shuffled(items: string[]): string[] {
  for (let index = items.length - 1; index > 0; index--) {
    const other = randomInt(index + 1)
    ;[items[index], items[other]] = [items[other]!, items[index]!]
  }
  return items
}
