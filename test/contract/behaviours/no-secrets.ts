import { inspect } from 'node:util'
import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const noSecrets: Behaviour = {
  name: 'no password is in events, status, errors, or what is shown of the pool’s connections',
  async run({ server, pool, user, credentials, source, log, later }) {
    const borrowed = await pool.borrow()
    await credentials.rotate()
    source.refusesLogins = true
    credentials.on('probeFailed', () => later(31_000)) // no more attempts
    await server.setLogin(user(), false)
    const errors = [
      await credentials.rotate().catch((error: unknown) => error),
      await pool.query('SELECT 1').catch((error: unknown) => error),
      await borrowed.query('SELECT * FROM no_such_table').catch((error: unknown) => error),
    ]
    for (const error of errors) expect(error).toBeInstanceOf(Error)
    const depth = { depth: 10, showHidden: false }
    const said =
      inspect([log.all, errors, credentials.status(), credentials, credentials.current()], depth) + JSON.stringify(log.all)
    expect(source.passwords.length).toBeGreaterThanOrEqual(3)
    for (const password of source.passwords) expect(said).not.toContain(password)
    await borrowed.release()
  },
}
