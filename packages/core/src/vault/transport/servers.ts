import type { Clock } from '../../clock'
import type { ReadHealth } from './redirect'

/** How often it is looked whether a server that comes earlier is back, in ms. */
const LOOK_EVERY_MS = 30_000
/** What `sys/health` says of a server that answers requests: active, standby (passes them on), performance standby. */
const SERVING = [200, 429, 473]

/** The addresses of Vault that we were given, in their order, and which of them to ask first: the last that served. */
export class VaultServers {
  readonly #addresses: readonly string[]
  readonly #clock: Clock
  readonly #readHealth: ReadHealth
  #preferred = 0
  #lookedAtMs = -Infinity
  #isLooking = false

  constructor(addresses: readonly string[], clock: Clock, readHealth: ReadHealth) {
    this.#addresses = addresses
    this.#clock = clock
    this.#readHealth = readHealth
  }

  /** In which order to ask. Looks beside that whether an earlier one is back, so that requests return to it. */
  inTurn(): readonly string[] {
    if (this.#preferred > 0) void this.#look()
    return [...this.#addresses.slice(this.#preferred), ...this.#addresses.slice(0, this.#preferred)]
  }

  /** The one that is asked first is of no use now: the next request begins with another. */
  failed(address: string): void {
    const index = this.#addresses.indexOf(address)
    if (index !== this.#preferred || this.#addresses.length === 1) return
    this.#preferred = (index + 1) % this.#addresses.length
    this.#lookedAtMs = this.#clock.nowMs()
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#clock.nowMs() < this.#lookedAtMs + LOOK_EVERY_MS) return
    this.#isLooking = true
    this.#lookedAtMs = this.#clock.nowMs()
    for (const address of this.#addresses.slice(0, this.#preferred)) {
      const answer = await this.#readHealth(address)
      if (answer === undefined || !SERVING.includes(answer.status)) continue
      this.#preferred = this.#addresses.indexOf(address)
      break
    }
    this.#isLooking = false
  }
}
