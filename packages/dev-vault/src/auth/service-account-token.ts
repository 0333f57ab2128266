import { systemClock } from '@leasepool/core'
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'

/** Whose token it is to be. */
export interface ServiceAccountTokenOptions {
  /** An RSA or P-256 private key, in PEM. Its public half goes into the option `kubernetes.publicKey` of `startDevVault`. */
  readonly privateKey: string
  readonly namespace: string
  readonly name: string
  /** @default one that namespace and name determine */
  readonly uid?: string
  /** @default ['vault'] */
  readonly audiences?: readonly string[]
  /** @default 3600 */
  readonly ttlSeconds?: number
  /** From when it counts, in ms since 1970. @default now */
  readonly nowMs?: number
}

/**
 * A token like those that Kubernetes projects into pods, for tests without a cluster. Rejects with a TypeError if the key is of
 * another kind.
 */
export async function signServiceAccountToken(options: ServiceAccountTokenOptions): Promise<string> {
  const { namespace, name, audiences = ['vault'], ttlSeconds = 3600 } = options
  const key = createPrivateKey(options.privateKey)
  const now = Math.floor((options.nowMs ?? systemClock.dateMs()) / 1000)
  const serviceaccount = { name, uid: options.uid ?? uidOf(`${namespace}/${name}`) }
  return new SignJWT({ 'kubernetes.io': { namespace, serviceaccount } })
    .setProtectedHeader({ alg: algorithmOf(key) })
    .setIssuer('https://kubernetes.default.svc.cluster.local')
    .setSubject(`system:serviceaccount:${namespace}:${name}`)
    .setAudience([...audiences])
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + ttlSeconds)
    .sign(key)
}

function algorithmOf(key: KeyObject): 'RS256' | 'ES256' {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new TypeError('signServiceAccountToken needs an RSA or P-256 private key')
}

function uidOf(account: string): string {
  const hex = createHash('sha256').update(account).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
