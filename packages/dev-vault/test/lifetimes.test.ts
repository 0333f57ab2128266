import { beforeEach, expect, it } from 'vitest'
import { type Lease, type LeasedSecret, Leases } from '../src/leases/leases'
import { Time } from '../src/time'
import { type Token, Tokens } from '../src/tokens/tokens'
import { TestClock } from './support'

const HOUR = { defaultSeconds: 3600, maxSeconds: 3600 }

let clock: TestClock
let tokens: Tokens
let leases: Leases
let calls: string[]

beforeEach(() => {
  clock = new TestClock()
  const time = new Time(clock)
  tokens = new Tokens(time, (token) => leases.endOwnedBy(token))
  leases = new Leases(time, tokens, () => undefined)
  calls = []
})

function token(seconds = 600, more: { parent?: Token; type?: 'batch' } = {}): Token {
  const limits = { defaultSeconds: seconds, maxSeconds: 0 }
  return tokens.create({ policies: [], displayName: 't', path: 'auth/t', limits: () => limits, mountLimits: () => HOUR, ...more })
    .token
}

/** A database whose answers a test holds back. */
class Database {
  readonly #waiting: ((error?: Error) => void)[] = []
  holds = false

  call(what: string): Promise<void> {
    calls.push(what)
    if (!this.holds) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push((error) => (error ? reject(error) : resolve())))
  }

  async answer(error?: Error): Promise<void> {
    this.#waiting.shift()!(error)
    await settled()
  }
}

function lease(owner: Token, database: Database, seconds = 60): Lease {
  const secret: LeasedSecret = {
    role: 'r',
    username: 'u',
    limits: () => ({ defaultSeconds: seconds, maxSeconds: 0 }),
    mountLimits: () => HOUR,
    extend: () => database.call('extend'),
    revoke: () => database.call('revoke'),
    discard: () => database.call('discard'),
  }
  return leases.register(`db/creds/r/${leases.all().length}`, owner, secret, seconds, () => false)
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

it('revokes after the renewal that is under way, and renews nothing after the revocation', async () => {
  const database = new Database()
  const one = lease(token(), database)
  database.holds = true
  const renewal = leases.renew(one.id, 0)
  const revocation = leases.revoke(one)
  const late = expect(leases.renew(one.id, 0)).rejects.toThrow('lease not found')
  await settled()
  expect(calls).toEqual(['extend'])
  await database.answer()
  await renewal
  expect(calls).toEqual(['extend', 'revoke'])
  await database.answer()
  await revocation
  await late
  expect(leases.all()).toEqual([])
})

it('tells who renews that the lease ended meanwhile, and drops it', async () => {
  const database = new Database()
  const owner = token()
  const one = lease(owner, database)
  database.holds = true
  const renewal = expect(leases.renew(one.id, 0)).rejects.toThrow('lease expired')
  await settled()
  tokens.end(owner)
  await database.answer()
  await renewal
  await database.answer()
  expect(calls).toEqual(['extend', 'revoke'])
  expect(leases.all()).toEqual([])
})

it('gives nothing to a token that ended while its secret was made, and drops the secret', async () => {
  const owner = token()
  tokens.end(owner)
  expect(() => lease(owner, new Database())).toThrow('permission denied')
  await settled()
  expect(calls).toEqual(['revoke'])
  expect(leases.all()).toEqual([])
})

it('ends what hangs on a token depth first, and batch tokens with their parent', async () => {
  const parent = token()
  const child = token(600, { parent })
  const batch = token(600, { parent: child, type: 'batch' })
  const database = new Database()
  for (const owner of [parent, child, batch]) lease(owner, database)
  tokens.end(parent)
  await settled()
  expect(leases.all()).toEqual([])
  for (const ended of [parent, child, batch]) expect(tokens.find(ended.id)).toBeUndefined()
})

it('does not revoke while sealed, and tries again what failed while it was being sealed', async () => {
  const database = new Database()
  const one = lease(token(), database, 10)
  database.holds = true
  await clock.advance(10_000)
  await settled()
  expect(calls).toEqual(['revoke'])
  leases.pause(true)
  await database.answer(new Error('gone'))
  expect(one.failures).toBe(1)
  await clock.advance(60_000) // more than the longest first pause
  await settled()
  expect(calls).toEqual(['revoke'])
  leases.pause(false)
  await settled()
  await database.answer()
  expect(calls).toEqual(['revoke', 'revoke'])
  expect(leases.all()).toEqual([])
})

it('keeps a lease that cannot be revoked, with the reason, and lets nobody renew it', async () => {
  const database = new Database()
  database.holds = true
  const one = lease(token(3600), database, 10)
  await clock.advance(10_000)
  for (let attempt = 1; attempt <= 6; attempt++) {
    await settled()
    await database.answer(new Error(`refused ${attempt}`))
    if (attempt < 6) await clock.advance(clock.nextMs()!)
  }
  expect([one.failures, one.lastError, leases.isIrrevocable(one)]).toEqual([6, 'refused 6', true])
  await expect(leases.renew(one.id, 0)).rejects.toThrow('lease is expired and has failed previous revocation attempts')
})

it('leaves the children of a token that is revoked alone, without a parent', () => {
  const parent = token()
  const child = token(600, { parent })
  tokens.endAlone(parent)
  expect(tokens.find(child.id)?.parent).toBeUndefined()
  expect(tokens.isLive(child)).toBe(true)
})

it('counts uses down to an end that only the last request outlives', () => {
  const limits = { defaultSeconds: 60, maxSeconds: 0 }
  const spec = { policies: [], displayName: 't', path: 'auth/t', numUses: 2, limits: () => limits, mountLimits: () => HOUR }
  const { token: one } = tokens.create(spec)
  expect(tokens.use(one)).toBe(false)
  expect(tokens.use(one)).toBe(true)
  expect(tokens.find(one.id)).toBeUndefined()
  expect(tokens.isLive(one)).toBe(true)
  tokens.end(one)
  expect(tokens.isLive(one)).toBe(false)
})
