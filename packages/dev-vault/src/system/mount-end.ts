import type { Leases } from '../leases/leases'
import type { Tokens } from '../tokens/tokens'

/** Ends the tokens and leases that came from the mount at `path`. Resolves when the database has been asked to drop their users. */
export async function endAllOf(path: string, { leases, tokens }: { leases: Leases; tokens: Tokens }): Promise<void> {
  for (const token of tokens.all()) if (token.path.startsWith(path)) tokens.end(token)
  await Promise.allSettled(leases.all().flatMap((lease) => (lease.id.startsWith(path) ? [leases.revoke(lease)] : [])))
}
