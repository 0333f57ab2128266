import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const issueFails: Behaviour = {
  name: 'serves on when no new credential can be had, keeps what is open, and rotates once there is one',
  async run({ server, pool, who, session, user, credentials, source, log }) {
    const old = user()
    const before = await session(pool)
    source.failure = new Error('Vault is away')
    await expect(credentials.rotate()).rejects.toThrow('Vault is away')
    expect(log.of('rotationFailed')).toMatchObject([{ generation: 1, reason: 'manual' }])
    if (server.sessionForEachConnection) expect(await session(pool)).toBe(before)
    expect(await who(pool)).toBe(old)
    source.failure = undefined
    await credentials.rotate()
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
  },
}
