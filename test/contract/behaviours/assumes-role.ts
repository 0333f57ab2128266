import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const assumesRole: Behaviour = {
  name: 'every connection acts as the role that was asked for, across rotations and when it is lent again',
  max: 2,
  not: { 'pgbouncer-transaction': 'a session is another one for each transaction' },
  pool: ({ owner }) => ({ assumeRole: owner }),
  async run({ server, pool, who, user, credentials }) {
    for (let turn = 0; turn < 2; turn++) {
      for (let lend = 0; lend < 3; lend++) {
        expect(await pool.query(server.role)).toEqual([{ role: server.owner }])
        expect(await who(pool)).toBe(user())
      }
      const both = await Promise.all([pool.borrow(), pool.borrow()])
      for (const borrowed of both) expect(await borrowed.query(server.role)).toEqual([{ role: server.owner }])
      for (const borrowed of both) await borrowed.release()
      await credentials.rotate()
    }
  },
}

/** PostgreSQL refuses to drop a role that owns something. */
export const ownsNothing: Behaviour = {
  name: 'what is made belongs to the assumed role, and the user that made it can be dropped',
  not: {
    'pgbouncer-transaction': 'a session is another one for each transaction',
    mariadb: 'nobody owns tables there',
    mysql: 'nobody owns tables there',
  },
  pool: ({ owner }) => ({ assumeRole: owner }),
  async run({ server, pool, user, credentials, source }) {
    const maker = user()
    const schema = `made_by_${maker.replaceAll('-', '_')}`
    await pool.query(`CREATE SCHEMA ${schema} CREATE TABLE made (id int)`)
    await credentials.rotate()
    await poll('it was given back', () => source.revoked, (revoked) => revoked.includes(maker), 10_000) // prettier-ignore
    expect(await server.users()).not.toContain(maker)
    await pool.query(`INSERT INTO ${schema}.made VALUES (1)`)
    expect(await pool.query(`SELECT tableowner FROM pg_tables WHERE schemaname = '${schema}'`)).toEqual([
      { tableowner: server.owner },
    ])
    await pool.query(`DROP SCHEMA ${schema} CASCADE`)
  },
}

export const roleRefused: Behaviour = {
  name: 'a role that the user may not assume is the driver’s own error, and leaves no connection',
  pool: { assumeRole: 'no_such_role' },
  needs: ['lazy'],
  async run({ pool, credentials, log, untilSessions, stats, later }) {
    for (let turn = 0; turn < 4; turn++) {
      await expect(pool.query('SELECT 1')).rejects.toMatchObject({ message: expect.stringContaining('no_such_role') })
    }
    credentials.once('probeFailed', () => later(31_000)) // no more attempts
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE' })
    await untilSessions(0)
    await poll('every slot is free', () => stats().sockets, (sockets) => sockets === 0, 10_000) // prettier-ignore
    expect(log.of('loginRefused')).toEqual([])
  },
}
