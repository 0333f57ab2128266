import { randomInt } from 'node:crypto'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** How many dev-vaults are told apart on one database server: as many as one character of a user name can say. */
export const SLOT_COUNT = BASE62.length

/** How the kept connection of a living dev-vault is named, followed by `-` and its slot. */
export const ANNOUNCED_AS = 'leasepool-dev-vault'

/** The name under which the owner of a slot is announced. */
export function announcedName(slot: number): string {
  return `${ANNOUNCED_AS}-${slot}`
}

/** The character by which a slot is written into a user name. */
export function slotCharacter(slot: number): string {
  return BASE62[slot]!
}

/** The slot that a character stands for; `undefined` if it stands for none. */
export function slotOfCharacter(character: string): number | undefined {
  const slot = character.length === 1 ? BASE62.indexOf(character) : -1
  return slot < 0 ? undefined : slot
}

/**
 * All slots in the order in which to try them: first those that no user on the server is of, so that one whose connection was cut finds
 * its slot free when it comes back. Otherwise by chance: two that start at the same moment and give way to each other must not meet again.
 */
export function slotOrder(ofUsers: ReadonlySet<number>): number[] {
  const all = Array.from({ length: SLOT_COUNT }, (_, slot) => ({ slot, used: ofUsers.has(slot), chance: randomInt(2 ** 32) }))
  return all.sort((a, b) => Number(a.used) - Number(b.used) || a.chance - b.chance).map(({ slot }) => slot)
}
