import { expect } from 'vitest'
import { poll } from '../../support/poll'
import type { Behaviour } from '../scene'

export const eventsInOrder: Behaviour = {
  name: 'a rotation says what it does in this order: rotationStarted, issued, rotated, drained, revoked',
  async run({ pool, credentials, log }) {
    await pool.query('SELECT 1')
    await credentials.rotate()
    await poll('it is over', () => log.of('revoked').length, (count) => count === 1) // prettier-ignore
    expect(log.all.map(({ name }) => name)).toEqual(['rotationStarted', 'issued', 'rotated', 'drained', 'revoked'])
    const generations = log.all.map(({ event }) => event['generation'] ?? [event['from'], event['to']])
    expect(generations).toEqual([[1, undefined], 2, [1, 2], 1, 1])
  },
}
