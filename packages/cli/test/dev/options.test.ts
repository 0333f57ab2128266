import { expect, test } from 'vitest'
import { UsageError } from '../../src/errors'
import { readDevOptions, type RawDevOptions } from '../../src/dev/options'

const raw: RawDevOptions = { ttl: '1m', maxTtl: '10m', port: '8200' }

test('reads what was typed', () => {
  expect(readDevOptions(raw)).toEqual({
    postgresUrl: undefined,
    mysqlUrl: undefined,
    ttlSeconds: 60,
    maxTtlSeconds: 600,
    port: 8200,
    isJson: false,
  })
  const urls = { postgres: 'postgresql://a:b@db:6432/shop', mysql: 'mysql://a@[::1]/shop' }
  const options = readDevOptions({ ...raw, ...urls, ttl: '10m', port: '0', json: true })
  expect(options).toMatchObject({ ttlSeconds: 600, port: 0, isJson: true })
  expect([options.postgresUrl?.href, options.mysqlUrl?.href]).toEqual([urls.postgres, urls.mysql])
})

test.for([
  [{ ttl: '60' }, '--ttl "60": expected a duration'],
  [{ maxTtl: 'x' }, '--max-ttl "x": expected a duration'],
  [{ ttl: '11m' }, '--ttl "11m": expected at most --max-ttl, which is 10m: raise that, too'],
  [{ port: '65536' }, '--port "65536": expected a port from 1 to 65535, or 0 for a free one'],
  [{ port: '82.5' }, '--port "82.5": expected'],
  [{ port: '-1' }, '--port "-1": expected'],
] as const)('refuses %o', ([change, message]) => {
  expect(() => readDevOptions({ ...raw, ...change })).toThrow(message)
  expect(() => readDevOptions({ ...raw, ...change })).toThrow(UsageError)
})

test.for([
  ['--postgres', { postgres: 'mysql://a:secret@db/shop' }],
  ['--postgres', { postgres: 'secret' }],
  ['--postgres', { postgres: 'postgres://db:5432/secret' }],
  ['--mysql', { mysql: 'postgres://a:secret@db/shop' }],
  ['--mysql', { mysql: 'mysql://a:secret@db' }],
  ['--mysql', { mysql: 'mysql://a:secret@db/' }],
] as const)('refuses a url for %s without repeating it: %o', ([option, change]) => {
  const read = (): unknown => readDevOptions({ ...raw, ...change })
  expect(read).toThrow(`${option}: expected a URL such as ${option.slice(2)}://admin:password@127.0.0.1/app`)
  expect(read).not.toThrow('secret')
})
