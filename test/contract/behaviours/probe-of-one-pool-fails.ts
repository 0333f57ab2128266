import { expect } from 'vitest'
import { startProxy } from '../../support/proxy'
import type { Behaviour } from '../scene'

export const probeOfOnePoolFails: Behaviour = {
  name: 'one of two pools that cannot log in with the new user keeps both on the old one',
  pool: { pingTimeoutMs: 30_000 }, // so much time goes by that connections are checked, on a machine that may be busy
  async run({ server, pool, open, who, session, user, credentials, source, later }) {
    const proxy = await startProxy(server.port)
    try {
      const other = open({ port: proxy.port })
      const old = user()
      expect(await who(other)).toBe(old)
      const before = await session(pool)
      proxy.refuseAbove(0)
      credentials.once('probeFailed', () => later(31_000)) // no more attempts
      await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE', pool: expect.stringMatching(/^pool 2/) })
      expect(await Promise.all([who(pool), who(other)])).toEqual([old, old])
      if (server.sessionForEachConnection) expect(await session(pool)).toBe(before)
      expect(source.revoked).not.toContain(old)
      proxy.refuseAbove(undefined)
      await credentials.rotate()
      expect(await Promise.all([who(pool), who(other)])).toEqual([user(), user()])
      await other.end()
    } finally {
      await proxy.close()
    }
  },
}
