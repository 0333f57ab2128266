import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const waitersWhenCredentialsClose: Behaviour = {
  name: 'credentials that close while callers wait strand none of them',
  max: 1,
  credentials: { closeTimeoutMs: 200 },
  async run({ pool, who, credentials }) {
    const borrowed = await pool.borrow()
    const waiting = [1, 2, 3].map(() => expect(who(pool)).rejects.toThrow())
    await credentials.close()
    await borrowed.release()
    await Promise.all(waiting)
  },
}
