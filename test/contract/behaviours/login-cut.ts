import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const loginCut: Behaviour = {
  name: 'logins whose network is cut fail with the driver’s error, give their slot back, and cost no credential',
  max: 1,
  throughProxy: true,
  not: { 'mysql2 cluster': 'mysql2 takes a node out for ever after five failed connections' },
  needs: ['lazy'],
  async run({ pool, proxy, who, user, credentials, stats }) {
    proxy!.refuseAbove(0)
    for (let turn = 0; turn < 5; turn++) await expect(who(pool)).rejects.not.toHaveProperty('name', 'LeasepoolError')
    expect(proxy!.refused).toBeGreaterThanOrEqual(5)
    await poll('no slot is taken', () => stats(), ({ sockets, borrowed }) => sockets + borrowed === 0) // prettier-ignore
    proxy!.refuseAbove(undefined)
    expect(await who(pool)).toBe(user())
    expect(credentials.generation).toBe(1)
  },
}
