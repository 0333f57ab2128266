import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { textOf } from '../errors'

const SYNTAX_ERROR = '42601'

/**
 * Runs statements in one transaction. BEGIN goes along with the first one and COMMIT with the last one: PostgreSQL lets only one
 * transaction at a time make members of a role, and each would hold up the others until the answer had been here and back.
 */
export async function runTransaction(pool: Pool, statements: readonly string[]): Promise<void> {
  const last = statements.length - 1
  const together = statements.map((text, index) => `${index === 0 ? 'BEGIN;\n' : ''}${text}${index === last ? '\n;COMMIT' : ''}`)
  try {
    await runOn(pool, together)
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== SYNTAX_ERROR) throw error
    // Nothing has been done. The text may tell of the COMMIT, which an open quote or comment has swallowed.
    await runOn(pool, ['BEGIN', ...statements, 'COMMIT'])
  }
}

async function runOn(pool: Pool, texts: readonly string[]): Promise<void> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    for (const text of texts) await client.query(text)
  } catch (error) {
    failure = await rolledBack(client)
    throw error
  } finally {
    client.release(failure)
  }
}

/** Undoes an open transaction; an error means that the connection is of no more use. */
async function rolledBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(textOf(error))
  }
}
