/** A user that was leased, as events name it: no password. */
interface Leased {
  readonly leaseId: string
  readonly role: string
  /** The database user. */
  readonly username: string
}

/** What a server did. Holds no password, token or query; tokens in paths are blanked. */
export type DevVaultEvent =
  /** A request; status 0: its connection was cut instead of an answer. */
  | { readonly type: 'answered'; readonly method: string; readonly path: string; readonly status: number }
  | (Leased & { readonly type: 'issued' | 'renewed'; readonly ttlSeconds: number })
  /** The user is gone from the database, or was given up by a forced revocation. */
  | (Leased & { readonly type: 'ended'; readonly reason: 'expired' | 'revoked' })
  /** The database refused to drop the user, for the `attempt`th time; it is tried again. */
  | (Leased & { readonly type: 'revokeFailed'; readonly attempt: number; readonly cause: string })

export type DevVaultListener = (event: DevVaultEvent) => void

/** Who wants to know what a server does. */
export class Events {
  readonly #listeners: DevVaultListener[] = []

  add(listener: DevVaultListener): void {
    this.#listeners.push(listener)
  }

  /** Calls every listener now. One that throws must not keep a lease from ending: its error is dropped. */
  readonly tell: DevVaultListener = (event) => {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // the listener's own business
      }
    }
  }
}
