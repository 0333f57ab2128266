import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const unusedPool: Behaviour = {
  name: 'a pool that nobody uses tries the new user, leaves no connection behind, and holds back no lease',
  throughProxy: true,
  needs: ['lazy'],
  async run({ credentials, source, proxy, stats, sessions, log }) {
    await credentials.rotate()
    expect(proxy!.peak).toBe(1)
    expect(stats()).toMatchObject({ sockets: 0, idle: 0, borrowed: 0, stale: 0 })
    await poll('the first was given back', () => source.revoked.length, (count) => count === 1) // prettier-ignore
    await poll('no session is left', () => sessions(), (count) => count === 0) // prettier-ignore
    expect(log.of('probeSkipped')).toEqual([])
  },
}
