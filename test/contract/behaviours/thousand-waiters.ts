import { expect } from 'vitest'
import type { Behaviour } from '../scene'

/** Whatever is above `max` is refused: of each user by the server, of all users by what is in between, and on PostgreSQL by the server too. */
const thousandWaiters = (max: number): Behaviour => ({
  name: `serves a thousand callers who wait for ${max} while credentials change, where one connection more is refused`,
  max,
  throughProxy: true,
  prepare: (source, kind) => {
    if (!kind.startsWith('pgbouncer')) source.connections = max // behind one, it is the bouncer that opens them
  },
  async run({ server, pool: first, open, who, user, credentials, proxy }) {
    proxy!.refuseAbove(max)
    await first.end()
    const database = await server.limitedDatabase?.(max)
    const pool = open(database === undefined ? {} : { database })
    const old = user()
    const borrowed = await Promise.all(Array.from({ length: max }, () => pool.borrow()))
    const asked = Array.from({ length: 1_000 }, () => who(pool))
    await credentials.rotate()
    const served = [user()]
    for (const connection of borrowed) await connection.release()
    for (let turn = 0; turn < 2; turn++) {
      await credentials.rotate()
      served.push(user())
    }
    const users = new Set(await Promise.all(asked))
    expect(users).not.toContain(old)
    expect(served).toEqual(expect.arrayContaining([...users]))
    expect(await who(pool)).toBe(user())
    expect(proxy!.refused).toBe(0)
    expect(proxy!.peak).toBe(max)
  },
})

export const thousandWaitersBehaviours: readonly Behaviour[] = [thousandWaiters(1), thousandWaiters(2), thousandWaiters(3)]
