import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const inOrder: Behaviour = {
  name: 'serves who waits in the order of asking',
  max: 1,
  async run({ pool }) {
    const order: number[] = []
    const borrowed = await pool.borrow()
    const waiting = [1, 2, 3, 4, 5].map((number) => pool.query('SELECT 1').then(() => order.push(number)))
    await borrowed.release()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3, 4, 5])
  },
}
