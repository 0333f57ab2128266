import { expect } from 'vitest'
import type { Behaviour } from '../scene'

/** Ends all its sessions and takes no new ones, as a server does that restarts. */
const serverAway = (name: string, isBusy: boolean): Behaviour => ({
  name,
  throughProxy: true,
  not: {
    'pgbouncer-transaction': 'in transaction mode the end of a session is not that of a connection',
    'mysql2 cluster': 'mysql2 takes a node out for ever after five failed connections',
  },
  async run({ openIdle, server, pool, proxy, who, user, credentials, log, untilSessions, stats }) {
    await openIdle(3)
    const work = [1, 2, 3].filter(() => isBusy).map(() => pool.query(server.sleep(30_000)))
    const running = work.map((query) => expect(query).rejects.toThrow())
    proxy!.refuseAbove(0)
    await server.endSessions(user())
    if (server.sessionForEachConnection) await untilSessions(0)
    await Promise.all(running)
    for (let turn = 0; turn < 3; turn++) await expect(who(pool)).rejects.toThrow()
    proxy!.refuseAbove(undefined)
    expect(await Promise.all([who(pool), who(pool), who(pool)])).toEqual([user(), user(), user()])
    await openIdle(3)
    expect(credentials.generation).toBe(1)
    expect(log.of('loginRefused')).toEqual([])
    expect(stats()).toMatchObject({ sockets: 3, borrowed: 0, stale: 0 })
  },
})

export const serverAwayBehaviours: readonly Behaviour[] = [
  serverAway('a server that restarts under idle connections costs no credential, and is used again when it is back', false),
  serverAway('a server that restarts under running queries fails these alone, and no slot is lost', true),
]
