import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const probeQuery: Behaviour = {
  name: 'a new user that cannot run the probe query is not promoted, and is given back',
  pool: { probeQuery: 'SELECT 1 FROM no_such_table' },
  async run({ server, pool, who, user, credentials, log, source, later }) {
    const old = user()
    const cause = { code: server.unknownTable }
    credentials.once('probeFailed', () => later(31_000)) // no more attempts
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE', cause })
    expect(user()).toBe(old)
    expect(await who(pool)).toBe(old)
    expect(log.of('rotated')).toEqual([])
    await poll('the candidate is gone', () => source.revoked, (revoked) => revoked.length === 1, 10_000) // prettier-ignore
    expect(source.revoked).not.toContain(old)
  },
}
