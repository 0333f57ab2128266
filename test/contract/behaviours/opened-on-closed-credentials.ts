import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const openedOnClosedCredentials: Behaviour = {
  name: 'credentials that are closed take no new pool, and rotate no more',
  needs: ['lazy'],
  async run({ pool, open, credentials }) {
    await pool.end()
    await credentials.close()
    expect(() => open()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  },
}
