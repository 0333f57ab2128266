import { expect } from 'vitest'
import { refused } from '../../bed'
import { type Case, E1, VAULT_ONLY } from '../../case'
import type { Answer } from '../../client'
import { allRefused, logIn, mount } from './shared'

const NO_ALIAS = 'failed to determine alias name from login request'

/** Logins by user and password. */
export const USERPASS_LOGINS: readonly Case[] = [
  {
    id: 'LU1',
    name: 'keeps users with a password or its hash',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const users = `${await mount(bed, 'userpass')}/users`
      const write = (body: object, name = 'Bob'): Promise<Answer> => bed.call('POST', `${users}/${name}`, body)
      await allRefused([
        [write({}), 400, '"password" or "password_hash" must be supplied'],
        [write({ password: 'a', password_hash: 'b' }), 400, '"password" and "password_hash" cannot be supplied together'],
        [write({ password_hash: 'b' }), 500, E1('password hash has incorrect length')],
        [write({ password_hash: 'x'.repeat(60) }), 500, E1('password hash has incorrect prefix')],
        [write({ password: 'x', token_type: 'default-batch' }), 400, 'invalid \'token_type\' value "default-batch"'],
        [bed.call('POST', `${users}/absent/password`, { password: 'x' }), 500, E1('username does not exist')],
      ])
      await write({ password: 'pw', policies: 'Old,app', ttl: 60, max_ttl: '2m', bound_cidrs: '127.0.0.1/32' })
      expect((await bed.ok('GET', `${users}/bob`)).body.data).toEqual({
        ...{ bound_cidrs: ['127.0.0.1'], max_ttl: 120, policies: ['app', 'old'], ttl: 60, token_bound_cidrs: ['127.0.0.1'] },
        ...{ token_explicit_max_ttl: 0, token_max_ttl: 120, token_no_default_policy: false, token_num_uses: 0 },
        ...{ token_period: 0, token_policies: ['app', 'old'], token_ttl: 60, token_type: 'default' },
      })
      expect((await bed.ok('LIST', users)).body.data.keys).toEqual(['bob'])
      await bed.ok('DELETE', `${users}/BOB`)
      refused(await bed.call('GET', `${users}/bob`), 404)
    },
  },
  {
    id: 'LU2',
    name: 'logs users in, whatever the case of their names',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await mount(bed, 'userpass')
      await bed.ok('POST', `${path}/users/amy`, { password: 'pw', token_policies: 'app', token_ttl: 60 })
      const auth = await logIn(bed, `${path}/login/AMY`, { password: 'pw' })
      expect(auth).toMatchObject({
        metadata: { username: 'amy' },
        policies: ['app', 'default'],
        lease_duration: 60,
        orphan: true,
      })
      expect((await logIn(bed, `${path}/login/amy`, { password: 'pw' }))['entity_id']).toBe(auth['entity_id'])
      const { body } = await bed.lookupSelf(auth['client_token'] as string)
      expect(body.data).toMatchObject({ display_name: `${path.slice('auth/'.length)}-amy`, path: `${path}/login/amy`.replace('amy', 'AMY') }) // prettier-ignore
      const wrong = 'invalid username or password'
      const call = (name: string, body: object): Promise<Answer> => bed.call('POST', `${path}/login/${name}`, body, '')
      await allRefused([
        [call('amy', { password: 'no' }), 400, wrong],
        [call('nobody', { password: 'no' }), 400, wrong],
        [call('amy', {}), 400, 'invalid credentials'],
        [bed.call('GET', `${path}/login/amy`), 405, 'unsupported operation'],
        [call('odd@name', { password: 'x' }), 500, NO_ALIAS],
        [bed.call('GET', `${path}/login/odd@name`), 500, NO_ALIAS],
        [bed.call('LIST', `${path}/login`), 500, NO_ALIAS],
      ])
    },
  },
  {
    id: 'LU3',
    name: 'renews no token of a user who changed or is gone',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await mount(bed, 'userpass')
      await bed.ok('POST', `${path}/users/amy`, { password: 'pw', token_policies: 'app' })
      const token = (await logIn(bed, `${path}/login/amy`, { password: 'pw' }))['client_token'] as string
      const renew = (): Promise<Answer> => bed.call('POST', 'auth/token/renew-self', {}, token)
      expect((await renew()).status).toBe(200)
      await bed.ok('POST', `${path}/users/amy/policies`, { token_policies: 'other' })
      refused(await renew(), 500, E1('failed to renew entry: policies have changed, not renewing'))
      await bed.ok('DELETE', `${path}/users/amy`)
      expect(await renew()).toMatchObject({ status: 204, body: undefined })
      expect((await bed.lookupSelf(token)).status).toBe(200)
    },
  },
  {
    id: 'LU4',
    name: 'locks out a user after five wrong passwords',
    story: async (bed) => {
      const path = await mount(bed, 'userpass')
      await bed.ok('POST', `${path}/users/amy`, { password: 'pw' })
      const call = (password: string): Promise<Answer> => bed.call('POST', `${path}/login/amy`, { password }, '')
      for (let time = 0; time < 5; time++) refused(await call('no'), 400, 'invalid username or password')
      refused(await call('pw'), 403, 'permission denied')
    },
  },
  {
    id: 'LU5',
    name: 'looks for no name in a login where nobody is locked out',
    servers: VAULT_ONLY,
    story: async (bed) => {
      const path = await mount(bed, 'userpass')
      const tune = `sys/${path}/tune`
      await bed.ok('POST', tune, { user_lockout_config: { lockout_disable: true } })
      refused(await bed.call('GET', `${path}/login/odd@name`), 404, 'unsupported path')
    },
  },
]
