import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DevVault, startDevVault } from '../src/index'
import { type Answered, type Call, caller, TestClock } from './support'

// What is here was asked of Vault 1.21.0; the table of test/conformance holds both servers to more of it.
const E1 = (text: string): string => `1 error occurred:\n\t* ${text}\n\n`
const GONE = 'wrapping token is not valid or does not exist'
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const MERGE = { 'Content-Type': 'application/merge-patch+json' }

let clock: TestClock
let vault: DevVault
let root: Call

beforeEach(async () => {
  clock = new TestClock()
  vault = await startDevVault({ databases: {}, roles: {}, rootToken: 'root', clock })
  root = caller(vault.address, 'root')
})

afterEach(() => vault.close())

const wrapped = (method: string, path: string, body?: unknown, ttl = '60'): Promise<Answered> =>
  root(method, path, body, 'root', { 'X-Vault-Wrap-TTL': ttl })

async function wrappingToken(): Promise<string> {
  return (await wrapped('POST', 'sys/wrapping/wrap', { a: 1 })).body.wrap_info.token
}

async function tokenWith(policy: string, more: object = {}): Promise<string> {
  await root('PUT', 'sys/policies/acl/given', { policy })
  return (await root('POST', 'auth/token/create', { policies: ['given'], ...more })).body.auth.client_token
}

function refused({ status, body }: Answered, expected: number, ...errors: string[]): void {
  expect({ status, errors: body?.errors }).toEqual({ status: expected, errors })
}

it('gives a wrapped answer to one who asks, and to the first only', async () => {
  const { status, body } = await wrapped('POST', 'auth/token/create', {})
  expect({ status, ...body }).toMatchObject({ status: 200, request_id: '', data: null, auth: null, mount_type: '' })
  expect(body.wrap_info).toMatchObject({ ttl: 60, creation_path: 'auth/token/create', wrapped_accessor: expect.any(String) })
  const own = await root('POST', 'sys/wrapping/unwrap', undefined, body.wrap_info.token)
  expect(own).toMatchObject({ status: 200, body: { mount_type: 'token', auth: { accessor: body.wrap_info.wrapped_accessor } } })
  refused(await root('POST', 'sys/wrapping/unwrap', undefined, body.wrap_info.token), 400, GONE)
  const other = await wrappingToken()
  expect(await root('POST', 'sys/wrapping/unwrap', { token: other })).toMatchObject({ status: 200, body: { data: { a: 1 } } })
  refused(await root('POST', 'sys/wrapping/unwrap', { token: other }), 400, GONE)
})

it('lets one of twenty who unwrap at the same time have it', async () => {
  const token = await wrappingToken()
  const all = await Promise.all(Array.from({ length: 20 }, () => root('POST', 'sys/wrapping/unwrap', { token })))
  expect(all.filter(({ status }) => status === 200).length).toBe(1)
})

it('forgets what nobody unwrapped in time', async () => {
  const token = await wrappingToken()
  await clock.advance(59_999)
  expect((await root('POST', 'sys/wrapping/lookup', { token }, '')).body.data).toMatchObject({ creation_ttl: 60 })
  await clock.advance(1)
  refused(await root('POST', 'sys/wrapping/lookup', { token }, ''), 400, GONE)
})

it('wraps anew under the path of the first time, and ends the older token', async () => {
  const token = await wrappingToken()
  const { body } = await root('POST', 'sys/wrapping/rewrap', { token })
  expect(body.wrap_info).toMatchObject({ ttl: 60, creation_path: 'sys/wrapping/wrap' })
  refused(await root('POST', 'sys/wrapping/unwrap', { token }), 400, GONE)
  expect((await root('POST', 'sys/wrapping/unwrap', { token: body.wrap_info.token })).body.data).toEqual({ a: 1 })
})

it('refuses wrong times of wrapping, tokens that wrap nothing, and who is nobody', async () => {
  const bad = 'error parsing X-Vault-Wrap-TTL header: '
  refused(await wrapped('GET', 'sys/mounts', undefined, '-1'), 400, `${bad}requested wrap ttl cannot be negative`)
  expect((await wrapped('GET', 'sys/mounts', undefined, 'x')).body.errors[0]).toContain(bad)
  refused(await wrapped('POST', 'sys/wrapping/wrap', {}, '0'), 400, 'endpoint requires response wrapping to be used')
  refused(await root('POST', 'sys/wrapping/unwrap', { token: 'root' }), 400, GONE)
  refused(await root('POST', 'sys/wrapping/unwrap', {}, ''), 403, 'error validating wrapping token: token is empty')
  refused(await root('GET', 'sys/mounts', undefined, await wrappingToken()), 403, E1('permission denied'))
})

it('says nothing about what is not there, wrapped or not', async () => {
  refused(await wrapped('GET', 'secret/data/none'), 404)
  refused(await wrapped('LIST', 'secret/metadata'), 404, 'unsupported path')
  expect((await wrapped('PUT', 'sys/policies/acl/x', { policy: 'path "a" { policy = "read" }' })).status).toBe(204)
})

it('gives each token a cubbyhole that ends with it', async () => {
  const token = (await root('POST', 'auth/token/create', { policies: ['default'] })).body.auth.client_token
  expect((await root('POST', 'cubbyhole/a/b', { x: 1 }, token)).status).toBe(204)
  expect((await root('GET', 'cubbyhole/a/b', undefined, token)).body.data).toEqual({ x: 1 })
  expect((await root('LIST', 'cubbyhole', undefined, token)).body.data).toEqual({ keys: ['a/'] })
  refused(await root('GET', 'cubbyhole/a/b'), 404)
  refused(await root('POST', 'cubbyhole/a', {}, token), 500, E1('missing data fields'))
})

it('keeps versions of secrets', async () => {
  const put = (body: object): Promise<Answered> => root('POST', 'secret/data/app', body)
  expect((await put({ data: { a: 1, b: 2 } })).body.data.version).toBe(1)
  expect((await put({ data: { a: 2 }, options: { cas: 1 } })).body.data.version).toBe(2)
  refused(await put({ data: {}, options: { cas: 1 } }), 400, 'check-and-set parameter did not match the current version')
  refused(await put({ a: 1 }), 400, 'no data provided')
  expect((await root('GET', 'secret/data/app')).body.data).toMatchObject({ data: { a: 2 }, metadata: { version: 2 } })
  expect((await root('GET', 'secret/data/app?version=1')).body.data.data).toEqual({ a: 1, b: 2 })
  await root('PATCH', 'secret/data/app', { data: { a: null, c: 3 } }, 'root', MERGE)
  expect((await root('GET', 'secret/data/app')).body.data.data).toEqual({ c: 3 })
  expect((await root('DELETE', 'secret/data/app')).status).toBe(204)
  expect(await root('GET', 'secret/data/app')).toMatchObject({ status: 404, body: { data: { data: null } } })
  await root('POST', 'secret/undelete/app', { versions: [3] })
  expect((await root('GET', 'secret/data/app')).status).toBe(200)
  await root('POST', 'secret/destroy/app', { versions: '3' })
  await root('POST', 'secret/undelete/app', { versions: '3' })
  expect(await root('GET', 'secret/data/app')).toMatchObject({ status: 404, body: { data: { metadata: { destroyed: true } } } })
  expect((await root('LIST', 'secret/metadata')).body.data.keys).toEqual(['app'])
})

it('reads forms, and JSON that is sent as one', async () => {
  const lookup = (body: string, headers: Record<string, string>): Promise<Answered> =>
    root('POST', 'sys/capabilities-self', body, 'root', headers)
  expect((await lookup('paths=a&paths=b', FORM)).body.data).toEqual({ a: ['root'], b: ['root'] })
  expect((await lookup(' {"paths":"a,b"}', FORM)).body.data).toEqual({ a: ['root'], b: ['root'] })
  refused(await lookup('paths=%zz', FORM), 400, 'error parsing form data')
  expect((await lookup('paths=a', {})).body.errors[0]).toMatch(/^error parsing JSON: failed to parse JSON input: invalid char/)
})

it.each([
  ['FOO', 405, []],
  ['HEAD', 405, undefined],
  ['OPTIONS', 405, [E1('unsupported operation')]],
  ['PATCH', 400, ['mime: no media type']],
])('answers the method %s with %i', async (method, status, errors) => {
  if (method === 'FOO') return expect((await raw('FOO /v1/sys/mounts HTTP/1.1\r\nHost: x\r\n\r\n')) >= 400).toBe(true)
  const answer = await root(method, 'sys/mounts')
  expect([answer.status, method === 'HEAD' ? undefined : answer.body.errors]).toEqual([status, errors])
})

it('sends paths that are not clean to those that are, and takes encoded ones', async () => {
  expect((await root('DELETE', '/sys/mounts/x')).status).toBe(307)
  expect((await root('POST', 'a/../sys/mounts')).status).toBe(307)
  expect((await root('GET', 'sys%2fmounts')).status).toBe(200)
  expect((await root('GET', 'sys/mounts%00')).status).toBe(400)
  refused(await root('GET', 'sys/%2e%2e/mounts'), 404, E1('unsupported path'))
  refused(await root('GET', 'sys/policies/acl?list=x'), 400)
})

it('names fields that it ignored, and those that the path replaced', async () => {
  const { body } = await root('GET', 'sys/mounts?b=1&a=2')
  expect(body.warnings).toEqual(['Endpoint ignored these unrecognized parameters: [a b]'])
  const made = await root('POST', 'sys/policies/acl/Upper', { name: 'x', policy: 'path "a" { policy = "read" }' })
  expect(made.body.warnings).toEqual([
    'policy name was converted to upper',
    "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [name]",
  ])
  expect((await root('POST', 'auth/token/create', { num_uses: [] })).body.errors[0]).toContain('Field validation failed')
})

it('asks for create where nothing is yet, and for update where something is', async () => {
  const token = await tokenWith('path "secret/data/*" { capabilities = ["create"] }')
  expect((await root('POST', 'secret/data/new', { data: {} }, token)).status).toBe(200)
  refused(await root('POST', 'secret/data/new', { data: {} }, token), 403, E1('permission denied'))
})

it('holds to parameters and bounds of wrapping in policies', async () => {
  const token = await tokenWith(`path "cubbyhole/a" { capabilities = ["create", "update"] allowed_parameters = { "x" = ["1*"] } }
    path "cubbyhole/b" { capabilities = ["create", "update"] denied_parameters = { "y" = [] } required_parameters = ["x"] }
    path "sys/wrapping/wrap" { capabilities = ["update"] min_wrapping_ttl = 10 max_wrapping_ttl = 20 }`)
  const statusOf = async (path: string, body: object, ttl = '0'): Promise<number> =>
    (await root('POST', path, body, token, { 'X-Vault-Wrap-TTL': ttl })).status
  expect([await statusOf('cubbyhole/a', { x: '12' }), await statusOf('cubbyhole/a', { x: '2' })]).toEqual([204, 403])
  expect(await statusOf('cubbyhole/a', { z: '1' })).toBe(403)
  expect([await statusOf('cubbyhole/b', { x: 1 }), await statusOf('cubbyhole/b', { x: 1, y: 1 })]).toEqual([204, 403])
  expect(await statusOf('cubbyhole/b', { z: 1 })).toBe(403)
  for (const [ttl, status] of [
    ['9', 403],
    ['10', 200],
    ['21', 403],
  ] as const) {
    expect(await statusOf('sys/wrapping/wrap', { a: 1 }, ttl)).toBe(status)
  }
})

it('seals and unseals over HTTP', async () => {
  refused(await root('PUT', 'sys/seal', undefined, ''), 403, 'permission denied')
  expect((await root('PUT', 'sys/seal')).status).toBe(204)
  refused(await root('GET', 'sys/mounts'), 503, 'Vault is sealed')
  refused(await root('PUT', 'sys/unseal', { key: 'zz' }), 400, "'key' must be a valid hex or base64 string")
  expect((await root('PUT', 'sys/unseal', { key: 'ab'.repeat(32) })).body.sealed).toBe(false)
  expect((await root('GET', 'sys/mounts')).status).toBe(200)
})

it('knows tokens by their accessors, without telling the tokens', async () => {
  const made = (await root('POST', 'auth/token/create', { policies: ['default'], ttl: 60 })).body.auth
  const by = (verb: string): Promise<Answered> => root('POST', `auth/token/${verb}-accessor`, { accessor: made.accessor })
  expect((await by('lookup')).body.data).toMatchObject({ id: '', ttl: 60 })
  expect((await by('renew')).body.auth).toMatchObject({ client_token: '', lease_duration: 60 })
  expect((await root('LIST', 'auth/token/accessors')).body.data.keys).toContain(made.accessor)
  expect((await by('revoke')).status).toBe(204)
  refused(
    await root('GET', 'auth/token/lookup-self', undefined, made.client_token),
    403,
    `2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n`,
  )
  expect((await by('revoke')).body.warnings).toEqual(['No token found with this accessor'])
})

it('makes tokens as their role says', async () => {
  const role = {
    allowed_policies: ['a', 'b'],
    orphan: true,
    token_period: 60,
    path_suffix: 'end',
    renewable: true,
    token_num_uses: 3,
  }
  expect((await root('POST', 'auth/token/roles/r', role)).status).toBe(204)
  const { auth } = (await root('POST', 'auth/token/create/r', { policies: 'a' })).body
  expect(auth).toMatchObject({ policies: ['a', 'default'], orphan: true, lease_duration: 60, num_uses: 3 })
  const { data } = (await root('POST', 'auth/token/lookup', { token: auth.client_token })).body
  expect(data).toMatchObject({ role: 'r', path: 'auth/token/create/r/end', period: 60 })
  expect((await root('POST', 'auth/token/create/r', { policies: 'c' })).body.errors[0]).toMatch(/^token policies/)
  refused(await root('POST', 'auth/token/create/none', {}), 400, 'unknown role none')
})

it('mounts, tunes, shows and unmounts', async () => {
  const config = { default_lease_ttl: '1h', max_lease_ttl: '2h' }
  expect((await root('POST', 'sys/mounts/kv1', { type: 'kv', description: 'd', config })).status).toBe(204)
  expect((await root('GET', 'sys/mounts/kv1')).body).toMatchObject({ description: 'd', config: { max_lease_ttl: 7200 } })
  const tune = (body: object): Promise<Answered> => root('POST', 'sys/mounts/kv1/tune', body)
  expect((await tune({ default_lease_ttl: '30m', description: 'e' })).status).toBe(204)
  expect((await root('GET', 'sys/mounts/kv1/tune')).body.data).toMatchObject({ default_lease_ttl: 1800, description: 'e' })
  expect((await tune({ default_lease_ttl: '9h' })).status).toBe(400)
  await tune({ default_lease_ttl: 'system', max_lease_ttl: 0 })
  expect((await root('GET', 'sys/mounts/kv1/tune')).body.data.default_lease_ttl).toBe(2_764_800)
  refused(await root('POST', 'sys/mounts/kv1/below', { type: 'kv' }), 400, 'path is already in use at kv1/')
  await root('POST', 'kv1/a', { x: 1 })
  expect((await root('GET', 'kv1/a')).body).toMatchObject({ data: { x: 1 }, lease_duration: 2_764_800 })
  expect((await root('DELETE', 'sys/mounts/kv1')).status).toBe(204)
  refused(await root('GET', 'kv1/a'), 404, 'no handler for route "kv1/a". route entry not found.')
  refused(await root('DELETE', 'sys/mounts/sys'), 400, 'cannot unmount "sys/"')
})

async function raw(text: string): Promise<number> {
  const { connect } = await import('node:net')
  const socket = connect(Number(new URL(vault.address).port), '127.0.0.1')
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once('data', (chunk) => resolve(chunk.toString()))
    socket.once('error', reject)
    socket.write(text)
  })
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}
