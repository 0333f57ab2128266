import { OptionError, vaultCredentials } from '@leasepool/core'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import { afterEach, expect, it } from 'vitest'
import { type DevVault, type DevVaultOptions, type EmbeddedPostgres, startDevVault, startEmbeddedPostgres } from '../src/index'
import { prepareTls } from '../src/http/tls'

const CREATE = [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`]

let vault: DevVault | undefined
let postgres: EmbeddedPostgres | undefined

afterEach(async () => {
  await vault?.close()
  await postgres?.stop()
  postgres = undefined
})

async function start(options: Partial<DevVaultOptions>): Promise<DevVault> {
  return (vault = await startDevVault({ databases: {}, roles: {}, ...options }))
}

function get(address: string, path: string, options: object): Promise<number | string> {
  return new Promise((resolve) => {
    const call = request(`${address}/v1/${path}`, { agent: false, ...options }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
    call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)))
    call.end()
  })
}

it('serves https with an own authority, which the handle and a file show until close', async () => {
  const { address, caCertificate, caPath, close } = await start({ tls: true })
  expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  expect(readFileSync(caPath!, 'utf8')).toBe(caCertificate)
  expect(await get(address, 'sys/health', { ca: caCertificate })).toBe(200)
  expect(await get(address.replace('127.0.0.1', 'localhost'), 'sys/health', { ca: caCertificate, family: 4 })).toBe(200)
  expect(await get(address, 'sys/health', {})).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/)
  expect(await get(address, 'sys/leases/lookup/x', { ca: caCertificate, method: 'LIST' })).toBe(403)
  await close()
  expect(existsSync(caPath!)).toBe(false)
})

it('serves leasepool, with its option ca', async () => {
  postgres = await startEmbeddedPostgres()
  const role = { database: 'pg', creationStatements: CREATE, defaultTtlSeconds: 60 }
  const { address, caCertificate, rootToken, leases } = await start({
    tls: true,
    databases: { pg: { url: postgres.url } },
    roles: { app: role },
  })
  const auth = { method: 'token', token: rootToken } as const
  const credentials = await vaultCredentials({ address, auth, role: 'app', ca: caCertificate! })
  expect(leases()).toHaveLength(1)
  await credentials.close()
  expect(leases()).toEqual([])
})

const vaultBinary = process.env['LEASEPOOL_VAULT_BIN'] ?? join(homedir(), '.cache/leasepool/vault/vault-1.21.0')

it.runIf(existsSync(vaultBinary))("serves Vault's own command, with VAULT_CACERT", async () => {
  const { address, caPath, rootToken } = await start({ tls: true })
  const env = { VAULT_ADDR: address, VAULT_CACERT: caPath, VAULT_TOKEN: rootToken, HOME: '/nonexistent' }
  const { stdout } = await promisify(execFile)(vaultBinary, ['token', 'lookup', '-format=json'], { env })
  expect(JSON.parse(stdout)).toMatchObject({ data: { policies: ['root'] } })
})

it.runIf(existsSync(vaultBinary))("follows Vault's own command through a change of the leader", async () => {
  const { addresses, caPath, rootToken, stopNode } = await start({ tls: true, nodes: 3, forwarding: false })
  const command = async (node: number, ...args: string[]): Promise<string> => {
    const env = { VAULT_ADDR: addresses[node], VAULT_CACERT: caPath, VAULT_TOKEN: rootToken, HOME: '/nonexistent' }
    return (await promisify(execFile)(vaultBinary, args, { env })).stdout
  }
  expect(await command(1, 'status')).toMatch(/HA Mode +standby\nActive Node Address +https:/)
  expect(await command(2, 'token', 'lookup')).toContain('[root]') // by the redirect to the active node
  expect(await command(1, 'operator', 'step-down')).toContain('Success')
  expect(vault?.leader).toBe(1)
  expect(await command(1, 'status')).toMatch(/HA Mode +active\n/)
  await stopNode(1)
  expect(await command(2, 'status')).toMatch(/HA Mode +active\n/)
})

it('takes own certificates, and asks clients for theirs', async () => {
  const { server, caCertificate, remove } = await prepareTls(true)
  await remove()
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const
  const client = await generate([{ name: 'commonName', value: 'client' }], common)
  const stranger = await generate([{ name: 'commonName', value: 'stranger' }], common)
  const { key, cert } = server
  const { address } = await start({ tls: { key, cert, ca: caCertificate, clientCa: client.cert } })
  expect(vault?.caCertificate).toBe(caCertificate)
  const call = (more: object): Promise<number | string> => get(address, 'sys/health', { ca: caCertificate, ...more })
  expect(await call({ key: client.private, cert: client.cert })).toBe(200)
  expect(await call({})).not.toBe(200)
  expect(await call({ key: stranger.private, cert: stranger.cert })).not.toBe(200)
})

it('cuts connections in an outage before the handshake, and those that are open at close', async () => {
  const { address, caCertificate, outage, close } = await start({ tls: true })
  const port = Number(new URL(address).port)
  const open = connectTls({ host: '127.0.0.1', port, ca: caCertificate! })
  open.on('error', () => undefined)
  await new Promise((resolve) => open.once('secureConnect', resolve))
  const silent = connect(port, '127.0.0.1')
  silent.on('error', () => undefined)
  await new Promise((resolve) => silent.once('connect', resolve))
  const ended = Promise.all([open, silent].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  outage(true)
  await ended
  expect(await get(address, 'sys/health', { ca: caCertificate })).toMatch(/ECONNRESET|EPIPE/)
  outage(false)
  expect(await get(address, 'sys/health', { ca: caCertificate })).toBe(200)
  await close()
})

it('cuts a request that is to be reset, and one that hangs, over TLS too', async () => {
  const { address, caCertificate, failNext } = await start({ tls: true })
  failNext('sys/leader', { reset: 'before' })
  expect(await get(address, 'sys/leader', { ca: caCertificate })).toBe('ECONNRESET')
  const armed = failNext('sys/leader', { hang: true })
  const held = get(address, 'sys/leader', { ca: caCertificate })
  await expect.poll(() => armed.held).toBe(1)
  await vault!.close()
  expect(await held).toBe('ECONNRESET')
})

it.each([
  [{ key: 'x', cert: 'y' }, 'startDevVault.tls.key'],
  [{ key: '-----BEGIN PRIVATE KEY-----\nx' }, 'startDevVault.tls.cert'],
  ['yes', 'startDevVault.tls'],
  [{ key: '-----BEGIN PRIVATE KEY-----\nx', cert: '-----BEGIN CERTIFICATE-----\nx' }, 'startDevVault.tls'],
])('%#: refuses what is no certificate', async (tls, option) => {
  const error: unknown = await start({ tls: tls as never }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(OptionError)
  expect(error).toMatchObject({ option })
})
