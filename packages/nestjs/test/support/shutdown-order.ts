import { expect } from 'vitest'

const ENDS = ['data source default ended', 'data source second ended', 'knex ended', 'pool ended']

/** Every request is answered, then every pool ends, then the last lease is given back, then the app has closed. */
export function expectOrder({ log, statuses }: { log: readonly string[]; statuses: readonly number[] }, requests: number): void {
  expect(statuses).toEqual(Array.from({ length: requests }, () => 200))
  expect(log.filter((line) => line.includes('failed'))).toEqual([])
  expect(log.filter((line) => line === 'revoked')).toHaveLength(2)
  const last = log.lastIndexOf('answered')
  const ends = ENDS.map((line) => log.indexOf(line))
  expect(log.filter((line) => line === 'answered')).toHaveLength(requests)
  expect(Math.min(log.indexOf('worker stopped'), last)).toBeGreaterThan(-1)
  expect(Math.min(...ends), log.join('\n')).toBeGreaterThan(Math.max(log.indexOf('worker stopped'), last))
  expect(log.slice(Math.max(...ends) + 1)).toEqual(['drained', 'revoked', 'closed', 'app closed'])
}
