import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const endServesWaiters: Behaviour = {
  name: 'end() serves who was waiting, and nobody who comes later',
  max: 1,
  needs: ['end-serves-waiters'],
  async run({ pool, who, user }) {
    const borrowed = await pool.borrow()
    const waiting = [who(pool), who(pool)]
    const ended = pool.end()
    await expect(pool.query('SELECT 1')).rejects.toThrow()
    await borrowed.release()
    expect(await Promise.all(waiting)).toEqual([user(), user()])
    await ended
  },
}

export const endServesWaitersOfStale: Behaviour = {
  name: 'end() serves who was waiting for a stale connection',
  max: 1,
  needs: ['end-serves-waiters'],
  async run({ pool, who, user, credentials }) {
    const borrowed = await pool.borrow()
    const waiting = [who(pool), who(pool)]
    await credentials.rotate()
    const ended = pool.end()
    await borrowed.release()
    expect(await Promise.all(waiting)).toEqual([user(), user()])
    await ended
  },
}
