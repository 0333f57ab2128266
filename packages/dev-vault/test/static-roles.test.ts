import { expect, it } from 'vitest'
import type { DatabaseConnections } from '../src/database/database-connections'
import { StaticRoles } from '../src/database/static-roles'
import { Time } from '../src/time'
import { eventually, TestClock } from './support'

it('tries a password that failed once more after 10 s, since the database may have it, and then another one', async () => {
  const clock = new TestClock()
  const startMs = clock.nowMs()
  const tried: string[] = []
  let made = 0
  let isDown = false
  const plugin = {
    setPassword: (_: unknown, { password }: { password: string }) => {
      tried.push(`${password} ${(clock.nowMs() - startMs) / 1000}`)
      return isDown ? Promise.reject(new Error('down')) : Promise.resolve()
    },
  }
  const connections = { getFor: () => ({ plugin }), newPassword: () => `p${++made}` } as unknown as DatabaseConnections
  const roles = new StaticRoles(connections, new Time(clock), () => false)
  const rule = { kind: 'period', seconds: 5 } as const
  const settings = {
    name: 'r',
    database: 'd',
    username: 'u',
    rotationStatements: [],
    credentialType: 'password',
    credentialConfig: {},
  }
  await roles.create({ ...settings, rule })
  isDown = true
  for (let second = 0; second < 35; second += 5) {
    if (second === 25) isDown = false
    await eventually(() => clock.nextMs() !== undefined)
    await clock.advance(5_000)
  }
  roles.close()
  expect(tried).toEqual(['p1 0', 'p2 5', 'p2 15', 'p3 25', 'p3 35'])
  expect(roles.get('r')!.password).toBe('p3')
})
