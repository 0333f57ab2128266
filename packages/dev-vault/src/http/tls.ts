import { systemClock } from '@leasepool/core'
import { createRequire } from 'node:module'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownedFolder, removeOrphans } from '../embedded/orphans'

/** A server's own certificate. All are PEM texts. */
export interface DevVaultTls {
  readonly key: string
  readonly cert: string
  /** Of the authority that signed `cert`; shown as `caCertificate`. @default `cert` itself */
  readonly ca?: string
  /** Clients must show a certificate that this authority signed. @default none is asked for */
  readonly clientCa?: string
}

/** What Node's TLS server takes. */
export interface ServerTls {
  readonly key: string
  readonly cert: string
  readonly ca?: string
  readonly requestCert?: boolean
  readonly rejectUnauthorized?: boolean
}

/** A certificate, and how clients come to trust it. */
export interface Trust {
  readonly server: ServerTls
  /** PEM of the authority. */
  readonly caCertificate: string
  /** A file with it. */
  readonly caPath: string
  /** Removes that file. */
  remove(): Promise<void>
}

/** Uses these certificates, or makes an authority and a certificate of it for 127.0.0.1 and localhost. */
export async function prepareTls(tls: true | DevVaultTls): Promise<Trust> {
  const { key, cert, ca, clientCa } = tls === true ? await makeCertificates() : tls
  const caCertificate = ca ?? cert
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }
  await removeOrphans()
  const folder = await ownedFolder('vault')
  const caPath = join(folder, 'ca.pem')
  await writeFile(caPath, caCertificate)
  return {
    server: { key, cert, ...clients },
    caCertificate,
    caPath,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

const HOUR_MS = 3_600_000

async function makeCertificates(): Promise<DevVaultTls> {
  // Loaded only when it is needed, since it takes longer than all the rest; not by import(), which Jest's sandbox does not know.
  const { generate } = createRequire(__filename)('selfsigned') as typeof import('selfsigned')
  // From an hour ago on, for clients in containers whose clock is late.
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256', notBeforeDate: hoursAgo(1) } as const
  const authority = await generate([{ name: 'commonName', value: 'dev-vault development CA' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const server = await generate([{ name: 'commonName', value: 'dev-vault' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }] }, // prettier-ignore
    ],
  })
  return { key: server.private, cert: server.cert, ca: authority.cert }
}

function hoursAgo(hours: number): Date {
  return new Date(systemClock.dateMs() - hours * HOUR_MS)
}
