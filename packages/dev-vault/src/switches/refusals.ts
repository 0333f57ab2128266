import type { LeasedSecret } from '../leases/leases'

/** How many of the next revocations the database is to refuse. */
export class Refusals {
  #left = 0

  /** `0` for none. */
  next(times: number): void {
    this.#left = times
  }

  /** The same secret, whose revocation is refused while some are left. */
  before(secret: LeasedSecret): LeasedSecret {
    return {
      ...secret,
      revoke: async () => {
        this.#meet()
        await secret.revoke()
      },
    }
  }

  #meet(): void {
    if (this.#left === 0) return
    this.#left -= 1
    throw new Error('the database refuses to revoke: dev-vault was told so')
  }
}
