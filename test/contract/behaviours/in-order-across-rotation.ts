import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const inOrderAcrossRotation: Behaviour = {
  name: 'serves who waits in the order of asking, those before and those after a rotation',
  max: 1,
  async run({ pool, credentials }) {
    const order: number[] = []
    const ask = (number: number): Promise<unknown> => pool.query('SELECT 1').then(() => order.push(number))
    const borrowed = await pool.borrow()
    const waiting = [1, 2, 3].map(ask)
    await credentials.rotate()
    waiting.push(...[4, 5, 6].map(ask))
    await borrowed.release()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3, 4, 5, 6])
  },
}
