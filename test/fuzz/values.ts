import fc from 'fast-check'

/** Stands for a value that each server has made for itself; the same number means the same one on both. */
export interface Ref {
  readonly ref: 'token' | 'wrapping' | 'accessor' | 'lease' | 'secretId' | 'secretAccessor' | 'roleId' | 'connectionUrl'
  readonly number: number
}

export const ref = (kind: Ref['ref']): fc.Arbitrary<Ref> => fc.nat(11).map((number) => ({ ref: kind, number }))

export const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

const mostly = (right: fc.Arbitrary<unknown>, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 8, arbitrary: right }, { weight: 2, arbitrary: wrong })

const ANY = oneOf<unknown>({}, { a: 1 }, [], ['a', 'b'], [1], [null], true, false, 0, 1, -1, 1.5, 1e20, '', 'x', ' ', 'é', null)

/** What a body's field may hold, of right and of wrong types. Durations that end within a run are never among the right ones. */
export const VALUES = {
  seconds: mostly(
    oneOf<unknown>(60, '2m', '1h', '90', 3600, 0, ''),
    oneOf<unknown>(-1, 'x', {}, [], true, 90.5, '1x', '1d', '-1m', null),
  ),
  boolean: mostly(oneOf<unknown>(true, false, 'true', '0', 1), oneOf<unknown>('x', {}, [], 2, '', 'T', null)),
  string: mostly(oneOf<unknown>('text', 'Text-2', 'a b'), ANY),
  list: mostly(oneOf<unknown>(['default'], ['app', 'min'], 'app,min', 'app', []), ANY),
  map: mostly(oneOf<unknown>({ a: 'b' }, {}, { a: 1 }), oneOf<unknown>('a=b', [], 'x', 5, { a: {} }, '{"a":"b"}', null)),
  integer: mostly(oneOf<unknown>(1, 2, 0, '3'), oneOf<unknown>(-1, 'x', 1.5, {}, [], '', true, null)),
  lease: mostly(ref('lease'), oneOf<unknown>('database/creds/ro/nope', '', 'x', '/', 'auth/token/create/nope')),
  token: mostly(ref('token'), oneOf<unknown>('hvs.nope', '', 's.bogus', 'x')),
  wrapping: mostly(ref('wrapping'), fc.oneof(ref('token'), oneOf<unknown>('hvs.nope', '', 'x'))),
  accessor: mostly(ref('accessor'), oneOf<unknown>('nope', '', {}, 5)),
  secretId: mostly(ref('secretId'), oneOf<unknown>('nope', '', {}, 5)),
  secretAccessor: mostly(ref('secretAccessor'), oneOf<unknown>('nope', '')),
  roleId: mostly(ref('roleId'), oneOf<unknown>('nope', '', {}, 5)),
  tokenType: mostly(
    oneOf<unknown>('service', 'batch', 'default'),
    oneOf<unknown>('', 'x', 5, 'default-batch', 'default-service', null),
  ),
  type: mostly(oneOf<unknown>('database', 'approle'), oneOf<unknown>('', 'nonsense', 'token', 5, {}, null)),
  config: mostly(
    oneOf<unknown>({ default_lease_ttl: '1h' }, { max_lease_ttl: 7200 }, {}),
    oneOf<unknown>('x', [], { default_lease_ttl: 'x' }, 5),
  ),
  paths: mostly(oneOf<unknown>(['database/creds/ro'], ['a', 'sys/mounts'], 'sys/mounts', 'a,b'), ANY),
  policy: mostly(
    oneOf<unknown>(
      'path "a/*" { capabilities = ["read"] }',
      'path "a" { policy = "write" }',
      '# nothing',
      '{"path":{"a":{"capabilities":["list"]}}}',
    ),
    oneOf<unknown>('', 'path "a" {', 'path "a" { capabilities = ["fly"] }', 'nonsense', 5, {}, [], null),
  ),
  statements: mostly(
    oneOf<unknown>('CREATE', ['CREATE'], 'SELECT 1', ['SELECT 1', 'SELECT 2']),
    oneOf<unknown>('', [], {}, 5, [1], null),
  ),
  plugin: mostly(oneOf<unknown>('postgresql-database-plugin'), oneOf<unknown>('', 'nonsense', 5, {}, null)),
  connectionUrl: mostly(ref('connectionUrl'), oneOf<unknown>('', 'x', 5, {})),
  connection: mostly(oneOf<unknown>('pg', 'pg2', 'c1'), oneOf<unknown>('', 'none', 5, {}, null)),
  metadata: mostly(oneOf<unknown>('{"a":"b"}', '{}', ''), oneOf<unknown>('x', '[]', '{"a":1}', 5, {}, null)),
  username: mostly(oneOf<unknown>('static1', 'static2'), oneOf<unknown>('nobody', '', 5, {})),
  period: mostly(oneOf<unknown>(3600, '1h', '2h'), oneOf<unknown>(0, 3, -1, 'x', {}, '', null)),
  options: mostly(oneOf<unknown>({ cas: 0 }, { cas: 1 }, {}), oneOf<unknown>('x', { cas: 'x' }, [], 5, null)),
  versions: mostly(oneOf<unknown>([1], [1, 2], '1'), oneOf<unknown>([], ['x'], {}, 'x', null)),
  roleType: mostly(oneOf<unknown>('jwt'), oneOf<unknown>('oidc', '', 'x', 5, {})),
  passwordPolicy: mostly(
    oneOf<unknown>('length = 20\nrule "charset" { charset = "abcdefghij" }'),
    oneOf<unknown>('', 'length = 2', 'x', 5, {}, [], null, 'rule "charset" { charset = "ab" }'),
  ),
  any: ANY,
} satisfies Record<string, fc.Arbitrary<unknown>>

export type ValueKind = keyof typeof VALUES
