import type { CredentialSource, SourceHost } from '@leasepool/core'

/**
 * A database that takes tokens of a cloud's IAM as passwords. A token ends after 15 minutes, which matters to logins only: the next one is
 * there before that, and connections that are open stay.
 */
export function iamToken(options: { username: string; getToken(signal: AbortSignal): Promise<string> }): CredentialSource {
  const { username, getToken } = options
  let host: SourceHost
  let next = new AbortController()
  return {
    description: `IAM token of ${username}`,
    async open(given) {
      host = given
    },
    async issue(signal) {
      const password = await getToken(signal)
      next.abort()
      next = new AbortController()
      const due = host.clock.sleep((10 - host.random()) * 60_000, next.signal)
      due.then(() => host.rotate('source-changed')).catch(() => undefined) // not needed any more
      return { username, password, keepsConnections: true }
    },
    async close() {
      next.abort()
    },
  }
}
