import { expect } from 'vitest'
import { poll } from '../../support/poll'
import { POOL, type Behaviour } from '../scene'

export const numbersOfAPool: Behaviour = {
  name: 'status() says at each step how many connections are open, idle, borrowed and stale',
  max: 2,
  needs: ['lazy'],
  async run({ pool, credentials, stats }) {
    const expectNow = (numbers: Partial<ReturnType<typeof stats>>): unknown =>
      poll(
        JSON.stringify(numbers),
        () => stats(),
        (now) => Object.entries(numbers).every(([name, value]) => now[name as keyof typeof now] === value),
      )
    expect(stats()).toEqual({ name: POOL, max: 2, sockets: 0, idle: 0, borrowed: 0, stale: 0 })
    const [one, two] = [await pool.borrow(), await pool.borrow()]
    expect(stats()).toMatchObject({ sockets: 2, idle: 0, borrowed: 2, stale: 0 })
    await two.release()
    await expectNow({ sockets: 2, idle: 1, borrowed: 1, stale: 0 })
    await credentials.rotate()
    await expectNow({ sockets: 1, idle: 0, borrowed: 1, stale: 1 })
    await one.release()
    await expectNow({ sockets: 0, idle: 0, borrowed: 0, stale: 0 })
    await pool.query('SELECT 1')
    await expectNow({ sockets: 1, idle: 1, borrowed: 0, stale: 0 })
  },
}
