import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const errorsUnchanged: Behaviour = {
  name: 'statements fail as they do on the library’s own pool: same class, code, text and details',
  max: 1,
  needs: ['stock'],
  async run({ server, pool, stock, credentials, log }) {
    const login = credentials.current()
    const plain = stock({ user: login.username, password: login.password })
    for (const sql of [
      'SELECT * FROM no_such_table',
      'SELEC 1',
      'INSERT INTO item (id, label) VALUES (1, 1)',
      'INSERT INTO item (id, label) VALUES (5000, NULL)',
      `SELECT * FROM ${server.forbiddenTable}`,
      'SELECT no_such_function(1)',
    ]) {
      const [ours, theirs] = [await failureOf(pool.query(sql)), await failureOf(plain.query(sql))]
      expect(ours.constructor, sql).toBe(theirs.constructor)
      expect(ours.message).toBe(theirs.message)
      expect({ ...ours }).toEqual({ ...theirs })
      expect(ours).toHaveProperty('code', expect.any(String))
    }
    await plain.end()
    expect(credentials.generation).toBe(1)
    expect(log.all).toEqual([])
  },
}

async function failureOf(asked: Promise<unknown>): Promise<Error> {
  const failure = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(Error)
  return failure as Error
}
