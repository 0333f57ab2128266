/** Thrown by a token's limits if who logged in is gone: Vault then answers a renewal with 204 and renews nothing. */
export class NothingToRenewError extends Error {
  constructor() {
    super('nothing to renew')
    this.name = 'NothingToRenewError'
  }
}
