import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const tooManySessions: Behaviour = {
  name: 'too many sessions of the user are the app’s to know: it gets the driver’s error, and no new credential is taken',
  not: { 'mysql2 cluster': 'mysql2 takes a node out for ever after five failed connections' },
  async run({ server, pool, who, user, credentials, log }) {
    await server.limitSessions(user(), 1)
    const borrowed = await pool.borrow()
    await borrowed.query(server.begin) // behind PgBouncer, only then has it a session
    await expect(pool.query('SELECT 1')).rejects.toMatchObject(matching(server.tooManySessions))
    expect(await who(borrowed)).toBe(user())
    await borrowed.query('COMMIT')
    await borrowed.release()
    expect(await who(pool)).toBe(user())
    expect(credentials.generation).toBe(1)
    expect(log.all).toEqual([])
  },
}

/** Texts are given as they are, or as a pattern: a server of the contract also serves processes without vitest. */
function matching(fields: object): object {
  const expected = (value: unknown): unknown => (value instanceof RegExp ? expect.stringMatching(value) : value)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, expected(value)]))
}
