import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const probeRefused: Behaviour = {
  name: 'serves on with the old user when the new one cannot log in, and gives that back',
  async run({ pool, who, user, credentials, source, log, later }) {
    const old = user()
    expect(await who(pool)).toBe(old)
    source.refusesLogins = true
    credentials.once('probeFailed', () => later(31_000)) // no more attempts
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE', pool: POOL, generation: 2 })
    expect(log.of('probeFailed').length).toBeGreaterThanOrEqual(1)
    expect(user()).toBe(old)
    expect(await who(pool)).toBe(old)
    await poll('it was given back', () => source.revoked.length, (count) => count === 1) // prettier-ignore
    source.refusesLogins = false
    await credentials.rotate()
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
  },
}
