import { generateKeyPairSync, sign } from 'node:crypto'

/** A pair of RSA keys in PEM, made for this run. */
export function keyPair(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** A JWT with these claims, signed with RS256. Made by hand, so that it can also be a wrong one. */
export function signedJwt(claims: object, privateKey: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

/** Seconds since 1970, as in claims. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
