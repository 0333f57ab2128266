import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const replacedByItself: Behaviour = {
  name: 'credentials that cannot be renewed are replaced by themselves in time, and no query of those who work fails',
  prepare: (source) => void (source.renewable = false),
  async run({ server, pool, credentials, log, later, stats }) {
    let isOver = false
    const caller = async (): Promise<void> => {
      while (!isOver) await pool.query(server.sleep(5))
    }
    const working = Promise.all([1, 2, 3, 4, 5].map(caller))
    for (const generation of [2, 3, 4]) {
      await poll('nobody is logging in', () => stats(), ({ max, idle, borrowed }) => idle + borrowed === max) // prettier-ignore
      later(credentials.status().rotatesInMs!)
      await poll('there is a new one', () => credentials.generation, (now) => now === generation) // prettier-ignore
      await poll('nobody uses the old one', () => credentials.status().draining, (draining) => draining.length === 0) // prettier-ignore
      expect(credentials.status().endsInMs).toBeGreaterThan(3_500_000)
    }
    isOver = true
    await working
    expect(new Set(log.of('rotated').map(({ reason }) => reason))).toEqual(new Set(['not-renewable']))
    expect(log.of('connectionForced')).toEqual([])
    expect(log.of('loginRefused')).toEqual([])
  },
}
