import { expect } from 'vitest'
import { POOL, type Behaviour } from '../scene'

export const endedPoolDetached: Behaviour = {
  name: 'a pool that was ended takes no part in rotations',
  async run({ pool, open, who, credentials, log }) {
    const other = open()
    expect(await who(other)).toBeDefined()
    await other.end()
    expect(credentials.status().pools.map(({ name }) => name)).toEqual([POOL])
    await credentials.rotate()
    expect(await who(pool)).toBe(credentials.current().username)
    expect(log.of('probeFailed')).toEqual([])
    await expect(other.query('SELECT 1')).rejects.toThrow()
  },
}
