import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const leaseLost: Behaviour = {
  name: 'a lease that Vault no longer knows is replaced at once, before its user has failed anybody',
  prepare: (source) => void (source.losesLeases = true),
  async run({ pool, who, user, credentials, log, later }) {
    const old = user()
    expect(await who(pool)).toBe(old)
    later(41 * 60_000)
    await poll('there is another one', () => credentials.generation, (generation) => generation === 2) // prettier-ignore
    expect(log.of('rotated')).toMatchObject([{ from: 1, reason: 'lease-lost' }])
    expect(await who(pool)).toBe(user())
    expect(user()).not.toBe(old)
  },
}
