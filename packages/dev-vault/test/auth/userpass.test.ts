import { hashSync } from 'bcryptjs'
import { expect, it } from 'vitest'
import { passwordHashOf, Users } from '../../src/auth/userpass'

it('verifies passwords and hashes that others made', async () => {
  const users = new Users()
  users.set('Amy', { passwordHash: await passwordHashOf('secret', '') })
  users.set('bob', { passwordHash: await passwordHashOf('', hashSync('other', 4)) })
  expect((await users.verify('AMY', 'secret'))?.name).toBe('amy')
  expect(await users.verify('amy', 'other')).toBeUndefined()
  expect((await users.verify('bob', 'other'))?.name).toBe('bob')
  expect(await users.verify('nobody', '')).toBeUndefined()
})

it('keeps no password as it was sent', async () => {
  expect(await passwordHashOf('secret', '')).not.toContain('secret')
})
