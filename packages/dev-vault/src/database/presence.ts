import type { Announcement, DatabasePlugin } from './database-plugin'
import { eraseLeftUsers } from './left-users'
import type { UsernameStyle } from './names'
import { SLOT_COUNT, slotOrder } from './slots'
import type { Alarm, Time } from '../time'

/** How long after a try to announce itself again that failed the next one is made; the first is made at once. */
const ANNOUNCE_AGAIN_MS = 250

/**
 * This dev-vault as others on the same database servers see it: on each it owns a slot, which stands in the names of its users. While it
 * is announced, no other one takes them for leftovers.
 *
 * When the kept connection is lost, it is made anew, at once and then again and again, with the same slot and no other: its users are
 * named by it. Until the server has noticed that the old session is gone, that one still guards them. One that starts meanwhile takes
 * another slot and waits longer than a reconnection takes (see `left-users.ts`). Only a dev-vault that cannot reach the server for longer
 * than that, while another one can and starts, loses its users.
 */
export class Presence {
  readonly #time: Time
  readonly #announced = new Map<string, Announcement>()
  readonly #announcing = new Map<string, Promise<Announcement>>()
  readonly #entries = new Map<string, Promise<unknown>>()
  /** The newest plugin of each server: its password is the one that works. */
  readonly #plugins = new Map<string, DatabasePlugin>()
  /** The slot that this dev-vault has on each server for all its life. */
  readonly #slots = new Map<string, number>()
  readonly #alarms = new Map<string, Alarm>()
  readonly #cleansUp: boolean
  #isEnded = false

  constructor(time: Time, cleansUp = true) {
    this.#time = time
    this.#cleansUp = cleansUp
  }

  /**
   * Announces this dev-vault on the plugin's server unless it is already; the first time it then erases the users of slots that nobody
   * owns any more. Gives one text per user that could not be erased. Rejects if the server does not answer.
   */
  async enter(plugin: DatabasePlugin, slotOf: UsernameStyle['slotOf']): Promise<string[]> {
    this.#plugins.set(plugin.server, plugin)
    const earlier = this.#entries.get(plugin.server)
    if (earlier !== undefined) return earlier.then(() => this.#announceAgain(plugin.server))
    const entry = this.#enterFirst(plugin, slotOf)
    this.#entries.set(
      plugin.server,
      entry.catch(() => undefined),
    )
    return entry.catch((error: unknown) => {
      if (!this.#announced.has(plugin.server)) this.#entries.delete(plugin.server)
      throw error
    })
  }

  /** The slot for names of new users; `undefined` if there was none to be had. */
  slotOn(server: string): number | undefined {
    return this.#slots.get(server)
  }

  async end(): Promise<void> {
    this.#isEnded = true
    for (const alarm of this.#alarms.values()) alarm.cancel()
    await Promise.allSettled([...this.#announced.values()].map((announcement) => announcement.end()))
    this.#announced.clear()
  }

  async #enterFirst(plugin: DatabasePlugin, slotOf: UsernameStyle['slotOf']): Promise<string[]> {
    const slots = (await plugin.findUsers()).map(slotOf).filter((slot) => slot !== undefined)
    const announcement = await this.#announce(plugin.server, new Set(slots))
    try {
      if (announcement.slot === undefined) warnOfNoSlot(plugin.server)
      else if (this.#cleansUp) return await eraseLeftUsers(plugin, announcement, slotOf)
      return []
    } finally {
      announcement.unref()
    }
  }

  async #announceAgain(server: string): Promise<string[]> {
    ;(await this.#announce(server)).unref()
    return []
  }

  /** Those who ask at the same time share one announcement: a second one would take a second slot and leak its connection. */
  async #announce(server: string, ofUsers: ReadonlySet<number> = new Set()): Promise<Announcement> {
    const present = this.#announced.get(server) ?? this.#announcing.get(server)
    if (present !== undefined) return present
    const announcing = this.#newAnnouncement(server, ofUsers).finally(() => this.#announcing.delete(server))
    this.#announcing.set(server, announcing)
    return announcing
  }

  async #newAnnouncement(server: string, ofUsers: ReadonlySet<number>): Promise<Announcement> {
    const own = this.#slots.get(server)
    const slots = own === undefined ? slotOrder(ofUsers) : [own]
    const announcement = await this.#plugins.get(server)!.announce(slots, () => this.#lost(server))
    if (announcement.slot === undefined && own !== undefined) {
      await announcement.end()
      throw new Error(`slot ${own} is taken`)
    }
    this.#alarms.get(server)?.cancel()
    if (announcement.slot !== undefined) this.#slots.set(server, announcement.slot)
    this.#announced.set(server, announcement)
    if (this.#isEnded) await announcement.end()
    return announcement
  }

  #lost(server: string): void {
    this.#announced.delete(server)
    this.#again(server, 0)
  }

  #again(server: string, afterMs: number): void {
    if (this.#isEnded) return
    const again = (): void =>
      void this.#announce(server).then(
        (announcement) => announcement.unref(),
        () => this.#again(server, ANNOUNCE_AGAIN_MS),
      )
    this.#alarms.set(server, this.#time.alarm(this.#time.nowMs() + afterMs, again))
  }
}

function warnOfNoSlot(server: string): void {
  const text =
    `More than ${SLOT_COUNT} dev-vaults are alive on ${server}. This one drops no users that ended ones left, ` +
    'and if it is killed, its own users stay'
  process.emitWarning(text, { code: 'LEASEPOOL_DEV_VAULT_NO_SLOT' })
}
