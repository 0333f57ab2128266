import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Case } from '../case'
import { refused } from '../bed'

/** What ends when, in real seconds: leases by themselves and with the token that made them. */
export const LIFETIMES: readonly Case[] = [
  {
    id: '52',
    name: 'ends a lease that nobody renews',
    story: async (bed) => {
      const issued = await bed.creds('tiny')
      await bed.dropped(issued, 8_000)
      refused(await bed.renew(issued), 400, expect.stringMatching(/^lease (not found|expired)$/))
    },
  },
  {
    id: '53',
    name: 'ends a lease at its maximum, however often it is renewed',
    story: async (bed) => {
      const issued = await bed.creds('tiny')
      const startMs = performance.now()
      for (const age of [2, 4, 6, 8]) {
        await sleep(startMs + age * 1000 - performance.now())
        const { body } = await bed.renew(issued)
        expect(body.lease_duration).toBeLessThanOrEqual(Math.min(4, 10 - age + 1))
      }
      await bed.dropped(issued, 6_000)
      expect(performance.now() - startMs).toBeLessThan(13_000)
      expect(performance.now() - startMs).toBeGreaterThan(8_500)
    },
  },
  {
    id: '58',
    name: 'ends leases with the token that made them',
    story: async (bed) => {
      const token = await bed.loginToken()
      const issued = await bed.creds('ro', token)
      expect((await bed.call('POST', 'auth/token/revoke-self', {}, token)).status).toBe(204)
      await bed.dropped(issued)
      refused(await bed.lookup(issued), 400, 'invalid lease')
    },
  },
  {
    id: '59',
    name: 'ends leases when their token expires',
    story: async (bed) => {
      const token = await bed.createToken({ policies: ['app'], ttl: 3, no_parent: true })
      const issued = await bed.creds('ro', token)
      await bed.dropped(issued, 8_000)
      expect((await bed.lookupSelf(token)).status).toBe(403)
    },
  },
  {
    id: '60',
    name: 'ends leases with the parent of their token',
    story: async (bed) => {
      const parent = await bed.createToken({ policies: ['app', 'mk'] })
      const child = await bed.createToken({ policies: ['app'] }, parent)
      const issued = await bed.creds('ro', child)
      await bed.ok('POST', 'auth/token/revoke', { token: parent })
      await bed.dropped(issued)
      expect((await bed.lookupSelf(child)).status).toBe(403)
    },
  },
  {
    id: '61',
    name: 'leaves a lease with its token, whoever renews it',
    story: async (bed) => {
      const token = await bed.loginToken()
      const issued = await bed.creds('ro', token)
      expect((await bed.renew(issued)).status).toBe(200)
      await bed.ok('POST', 'auth/token/revoke', { token })
      await bed.dropped(issued)
    },
  },
  {
    id: '62',
    name: 'ends no leases of orphans with their maker',
    story: async (bed) => {
      const creator = await bed.createToken({ policies: ['app', 'mk'] })
      const { body } = await bed.ok('POST', 'auth/token/create-orphan', { policies: ['app'] }, creator)
      const ofOrphan = await bed.creds('ro', body.auth.client_token as string)
      const own = await bed.creds('ro', creator)
      await bed.ok('POST', 'auth/token/revoke', { token: creator })
      await bed.dropped(own)
      expect(await bed.hasUser(ofOrphan)).toBe(true)
    },
  },
  {
    id: '63',
    name: 'makes orphans of the children of a token that is revoked alone',
    story: async (bed) => {
      const parent = await bed.createToken({ policies: ['app', 'mk'] })
      const child = await bed.createToken({ policies: ['app'] }, parent)
      const own = await bed.creds('ro', parent)
      expect((await bed.call('POST', 'auth/token/revoke-orphan', { token: parent })).status).toBe(204)
      await bed.dropped(own)
      expect((await bed.lookupSelf(child)).body.data.orphan).toBe(true)
    },
  },
  {
    id: '64',
    name: 'ends the leases of a batch token no later than itself',
    story: async (bed) => {
      const token = await bed.createToken({ policies: ['app'], type: 'batch', ttl: 10 })
      expect((await bed.creds('ro', token)).lease_duration).toBeLessThanOrEqual(10)
    },
  },
]
