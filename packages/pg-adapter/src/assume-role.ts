import { AssumeRoleError } from '@leasepool/core'
import type { Client, QueryResult } from 'pg'

/**
 * Makes a connection act as `role` from now on, in one round trip, and looks whether it does. Rejects with the server's error, or with
 * `AssumeRoleError`.
 */
export async function assumeRole(client: Client, role: string): Promise<void> {
  // A pooler may be in between, and something may set it back: what counts is what the server says.
  const answers = (await client.query(
    `SET ROLE ${client.escapeIdentifier(role)}; SELECT current_user AS acts_as`,
  )) as unknown as QueryResult<{ acts_as: string }>[]
  const actual = String(answers.at(-1)?.rows[0]?.acts_as)
  if (actual !== role) throw new AssumeRoleError(role, actual)
}
