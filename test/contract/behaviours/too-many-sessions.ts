import { expect } from 'vitest'
import type { Behaviour, Scene } from '../scene'
import type { Borrowed } from '../subjects/subject'

export const tooManySessions: Behaviour = {
  name: 'too many sessions of the user are the app’s to know: it gets the driver’s error, and no new credential is taken',
  max: 6,
  not: { 'mysql2 cluster': 'mysql2 takes a node out for ever after five failed connections' },
  async run(scene) {
    const { server, pool, who, user, credentials, log } = scene
    await who(pool)
    await server.limitSessions(user(), 3) // MySQL does not count those that were there before
    const borrowed: Borrowed[] = []
    const refused = (async () => {
      for (let turn = 0; turn < 6; turn++) borrowed.push(await inTransaction(scene))
    })()
    await expect(refused).rejects.toMatchObject(matching(server.tooManySessions))
    expect(borrowed.length).toBeGreaterThanOrEqual(3)
    for (const each of borrowed) {
      expect(await who(each)).toBe(user())
      await each.query('COMMIT')
      await each.release()
    }
    expect(await who(pool)).toBe(user())
    expect(credentials.generation).toBe(1)
    expect(log.all).toEqual([])
  },
}

/** Behind PgBouncer, only then has a connection a session of the server. */
async function inTransaction({ pool, server }: Scene): Promise<Borrowed> {
  const borrowed = await pool.borrow()
  try {
    await borrowed.query(server.begin)
    return borrowed
  } catch (error) {
    await borrowed.release()
    throw error
  }
}

/** Texts are given as they are, or as a pattern: a server of the contract also serves processes without vitest. */
function matching(fields: object): object {
  const expected = (value: unknown): unknown => (value instanceof RegExp ? expect.stringMatching(value) : value)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, expected(value)]))
}
