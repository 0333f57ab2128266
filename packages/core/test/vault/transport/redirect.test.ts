import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Redirects } from '../../../src/vault/transport/redirect'
import type { VaultClient } from '../../../src/vault/client'
import { clientOf } from '../../support/client'
import { FakeClock } from '../../support/fake-clock'
import { fakeVault, json, text, type Answer, type FakeVault } from '../../support/fake-vault'

/** A standby that does not pass requests on names the active server in a redirect; whoever can write one must not get the token. */
const TOKEN = 'hvs.secret-token-text'
const { signal } = new AbortController()
const user = json(200, { lease_id: 'l', lease_duration: 60, data: { username: 'u', password: 'p' } })

let standby: FakeVault
let active: FakeVault
beforeEach(async () => {
  active = await fakeVault(user)
  standby = await fakeVault((response, seen) => text(307, '', { Location: `${active.address}/v1/${seen.path}` })(response, seen))
})
afterEach(async () => {
  await standby.close()
  await active.close()
})

const client = (...more: string[]): VaultClient =>
  clientOf(standby.address, { clock: new FakeClock(), addresses: [standby.address, ...more] })
const ask = (vault = client()) => vault.issue('database/creds/app', TOKEN, signal, () => undefined)
const inCluster = (server: FakeVault, id: unknown): void => {
  const { answer } = server
  server.answer = (response, seen) => (seen.path === 'sys/health' ? json(200, { cluster_id: id }) : answer)(response, seen)
}
const tokensSeen = ({ seen }: FakeVault): string[] => seen.filter(({ token }) => token !== undefined).map(({ path }) => path)

describe('a redirect', () => {
  it('to an address that was given is followed, with method, body and token', async () => {
    const { username } = await ask(client(active.address))
    expect(username).toBe('u')
    expect(active.seen).toMatchObject([{ method: 'GET', path: 'database/creds/app', token: TOKEN }])
    active.answer = json(204, '')
    await client(active.address).revokeLease('the-lease', TOKEN, signal)
    expect(active.seen.at(-1)).toMatchObject({ method: 'POST', path: 'sys/leases/revoke', body: { lease_id: 'the-lease' } })
  })

  it('to a server of the same cluster is followed; both are asked once who they are', async () => {
    inCluster(active, 'one')
    inCluster(standby, 'one')
    const vault = client()
    await ask(vault)
    await ask(vault)
    expect(tokensSeen(active)).toEqual(['database/creds/app', 'database/creds/app'])
    expect(active.seen.filter(({ path }) => path === 'sys/health')).toMatchObject([{ token: undefined }])
  })

  it.each<[string, unknown, unknown]>([
    ['of another cluster', 'other', 'one'],
    ['that does not say which it is of', undefined, 'one'],
    ['when neither says', undefined, undefined],
    ['when both say nothing', '', ''],
    ['that says something else', { id: 'one' }, { id: 'one' }],
  ])('to a server %s is not followed, and its token stays here', async (_, there, here) => {
    inCluster(active, there)
    inCluster(standby, here)
    await expect(ask()).rejects.toMatchObject({
      code: 'ERR_VAULT_UNAVAILABLE',
      status: 307,
      retryable: true,
      message: expect.stringContaining(
        `307 redirect to ${active.address}, which is neither among the addresses nor of the same cluster`,
      ) as string,
    })
    expect(tokensSeen(active)).toEqual([])
  })

  it.each<[string, (path: string) => string | undefined, string]>([
    ['without a place', () => undefined, 'without a place to go'],
    ['to no URL', () => 'http://', 'without a place to go'],
    ['to another path', () => `${active.address}/login`, 'to another path'],
    ['to another kind of server', (path) => `ftp://127.0.0.1/v1/${path}`, 'to something that is not HTTP'],
  ])('%s is not followed', async (_, place, problem) => {
    standby.answer = (response, { path }) => {
      const location = place(path)
      text(307, '', location === undefined ? {} : { Location: location })(response, undefined as never)
    }
    await expect(ask(client(active.address))).rejects.toThrow(`307 redirect ${problem}: not followed`)
    expect(active.seen).toEqual([])
  })

  it('is followed once', async () => {
    active.answer = text(307, '', { Location: `${standby.address}/v1/database/creds/app` })
    await expect(ask(client(active.address))).rejects.toThrow('after a redirect: not followed')
    expect(active.seen).toHaveLength(1)
  })

  it('leads nowhere when the server that it names is away: the next address is asked', async () => {
    const other = await fakeVault(user)
    const gone = await fakeVault(user)
    await gone.close()
    standby.answer = text(307, '', { Location: `${gone.address}/v1/database/creds/app` })
    expect((await ask(client(gone.address, other.address))).username).toBe('u')
    await expect(ask(client(gone.address))).rejects.toThrow(`redirected to ${gone.address}: connect ECONNREFUSED`)
    await other.close()
  })
})

it('never leads from https to http, not even to an address that was given', async () => {
  const redirects = new Redirects(['http://vault:8200', 'https://vault'], () => Promise.resolve(undefined))
  const from = new URL('https://vault/v1/sys/x?list=true')
  expect(await redirects.target(from, 'http://vault:8200/v1/sys/x')).toEqual({ problem: 'from https: to something else' })
  expect(await redirects.target(new URL('http://vault:8200/v1/sys/x'), 'https://vault/v1/sys/x?y')).toEqual({
    url: new URL('https://vault/v1/sys/x'),
  })
})

const answers: [string, Answer][] = [
  ['302', text(302, '', { Location: 'http://127.0.0.1:1/v1/database/creds/app' })],
  ['304', text(304, '')],
]
it.each(answers)('with status %s is no way to Vault either', async (status, answer) => {
  standby.answer = answer
  await expect(ask()).rejects.toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE', status: Number(status) })
})
