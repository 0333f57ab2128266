import { systemClock } from '@leasepool/core'
import type { Announcement, DatabasePlugin } from './database-plugin'
import type { UsernameStyle } from './names'
import { textOf } from '../errors'

/**
 * How long a slot must have had no owner before its users are erased: longer than a living dev-vault whose connection was cut needs to
 * come back. Only a start that finds such users waits.
 */
const UNOWNED_MS = 1_000

/** The session of a killed process lasts a moment; and another dev-vault may be erasing the same users. */
const LOOK_AGAIN_MS = 50
const LOOKS = 4

/**
 * Erases the users of all slots that no other dev-vault owns, those in `announcement`'s own slot too: it has made none yet. Gives one
 * text per user that could not be erased.
 */
export async function eraseLeftUsers(
  plugin: DatabasePlugin,
  announcement: Announcement,
  slotOf: UsernameStyle['slotOf'],
): Promise<string[]> {
  // The list is made before the owners are looked for: who makes a user has been announced before.
  const marked = (await plugin.findUsers()).filter((user) => slotOf(user) !== undefined)
  const unowned = await withoutOwner(announcement, new Set(marked.map((user) => slotOf(user)!)))
  if (unowned.size === 0) return []
  await systemClock.sleep(UNOWNED_MS)
  const owned = await announcement.othersSlots()
  return erased(
    plugin,
    marked.filter((user) => unowned.has(slotOf(user)!) && !owned.has(slotOf(user)!)),
  )
}

/** Those of the slots that nobody else owns at any of some looks. */
async function withoutOwner(announcement: Announcement, slots: ReadonlySet<number>): Promise<Set<number>> {
  for (let look = 1; ; look++) {
    const owned = slots.size === 0 ? new Set<number>() : await announcement.othersSlots()
    const unowned = new Set([...slots].filter((slot) => !owned.has(slot)))
    if (unowned.size === slots.size || look === LOOKS) return unowned
    await systemClock.sleep(LOOK_AGAIN_MS)
  }
}

async function erased(plugin: DatabasePlugin, users: readonly string[]): Promise<string[]> {
  let left = users
  for (let look = 1; ; look++) {
    const failures = new Map<string, string>()
    for (const user of left) await plugin.eraseUser(user).catch((error: unknown) => failures.set(user, textOf(error)))
    if (failures.size === 0) return []
    const present = new Set(await plugin.findUsers())
    left = [...failures.keys()].filter((user) => present.has(user))
    if (look === LOOKS) return left.map((user) => `${user}: ${failures.get(user)}`)
    await systemClock.sleep(LOOK_AGAIN_MS)
  }
}
