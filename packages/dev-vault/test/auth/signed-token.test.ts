import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { signServiceAccountToken } from '../../src/auth/service-account-token'
import { type ExpectedClaims, publicKeyOf, verifiedClaims } from '../../src/auth/signed-token'
import { globMatches } from '../../src/auth/glob'

const NOW_MS = 1_800_000_000_000

function pair(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { privateKey: privatePem, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

const { privateKey, publicKey } = pair()
const key = publicKeyOf(publicKey)!
let token: string

beforeAll(async () => {
  token = await signServiceAccountToken({ privateKey, namespace: 'shop', name: 'api', ttlSeconds: 600, nowMs: NOW_MS })
})

function verify(expected: ExpectedClaims, seconds = 0, text = token): Promise<unknown> {
  return verifiedClaims(text, [publicKeyOf(pair().publicKey)!, key], expected, NOW_MS + seconds * 1000)
}

describe('verifiedClaims', () => {
  it('takes a token that one of the keys signed', async () => {
    expect(await verify({ audiences: ['x', 'vault'] })).toMatchObject({
      sub: 'system:serviceaccount:shop:api',
      'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'api' } },
    })
  })

  it('takes none that was changed, and none that another key signed', async () => {
    const [head, claims, signature] = token.split('.')
    const changed = Buffer.from(claims!, 'base64url').toString().replaceAll('shop', 'bank')
    const isSignature = { isSignature: true }
    await expect(verify({}, 0, `${head}.${Buffer.from(changed).toString('base64url')}.${signature}`)).rejects.toMatchObject(
      isSignature,
    )
    await expect(verifiedClaims(token, [publicKeyOf(pair().publicKey)!], {}, NOW_MS)).rejects.toMatchObject(isSignature)
    await expect(verifiedClaims(token, [], {}, NOW_MS)).rejects.toMatchObject(isSignature)
  })

  it('takes no token without a signature', async () => {
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    await expect(verify({}, 0, `${none}.${token.split('.')[1]}.`)).rejects.toMatchObject({ isSignature: true })
  })

  it('goes by the time, with a minute of leeway unless told otherwise', async () => {
    await expect(verify({}, 660)).resolves.toBeDefined()
    await expect(verify({}, 661)).rejects.toThrow('token is expired')
    await expect(verify({ clockSkewLeeway: -1 }, 601)).rejects.toThrow('token is expired')
    await expect(verify({ clockSkewLeeway: 5 }, 605)).resolves.toBeDefined()
    await expect(verify({}, -61)).rejects.toThrow('not yet valid')
  })

  it('takes only the algorithms it is told', async () => {
    await expect(verify({ algorithms: ['RS256'] })).rejects.toThrow('unexpected algorithm')
    await expect(verify({ algorithms: ['ES256'] })).resolves.toBeDefined()
  })
})

it('matches globs as a whole', () => {
  expect(globMatches('a*c', 'abbc')).toBe(true)
  expect(globMatches('*', '')).toBe(true)
  expect(globMatches('a.c', 'abc')).toBe(false)
  expect(globMatches('a*', 'ba')).toBe(false)
})
