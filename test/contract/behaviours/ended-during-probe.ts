import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const endedDuringProbe: Behaviour = {
  name: 'a pool that ends while it tries a new user gives that up, and the rotation goes on without it',
  throughProxy: true,
  needs: ['lazy'],
  async run({ pool, credentials, proxy }) {
    proxy!.hang()
    const rotating = credentials.rotate()
    await poll('it tries', () => proxy!.open, (open) => open === 1) // prettier-ignore
    await pool.end()
    await rotating
    proxy!.letGo()
    await poll('its socket is closed', () => proxy!.open, (open) => open === 0) // prettier-ignore
    expect(credentials.generation).toBe(2)
    expect(credentials.status().pools).toEqual([])
  },
}
