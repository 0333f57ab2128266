import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

const ROWS = 1_000

export const deadlineCutsStream: Behaviour = {
  name: 'a stream whose reader has paused is cut at the drain deadline: its reader is told, and others get its slot',
  max: 1,
  needs: ['stream'],
  credentials: { drainDeadlineMs: 100 },
  async run({ server, pool, who, user, credentials, log, untilSessions }) {
    const old = user()
    // 10 MB: more than sockets and streams hold, so that the server is not done with it.
    const rows = pool.stream!(`SELECT n, text FROM (${server.numbers(ROWS)}) a, (${server.repeat('x', 10_000)}) b`)
    const reader = rows[Symbol.asyncIterator]()
    expect((await reader.next()).done).toBe(false)
    await credentials.rotate()
    await untilSessions(0, old)
    expect(await who(pool)).toBe(user())
    let seen = 1
    const others = async (): Promise<void> => {
      while ((await reader.next()).done !== true) seen += 1
    }
    await expect(others()).rejects.toThrow()
    expect(seen).toBeLessThan(ROWS)
    await poll('it is drained', () => log.of('drained'), (drained) => drained.length === 1) // prettier-ignore
    expect(log.of('connectionForced')).toMatchObject([{ generation: 1 }])
  },
}
