import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DevVault, startDevVault } from '../src/index'
import { caller, eventually } from './support'

let vault: DevVault
let sockets: Socket[]

beforeEach(async () => {
  sockets = []
  vault = await startDevVault({ databases: {}, roles: {} })
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await vault.close()
})

interface Talk {
  readonly socket: Socket
  text: string
  isClosed: boolean
}

function talk(...parts: string[]): Talk {
  const socket = connect(Number(new URL(vault.address).port), '127.0.0.1')
  sockets.push(socket)
  const said: Talk = { socket, text: '', isClosed: false }
  socket.on('data', (chunk) => (said.text += chunk.toString()))
  socket.on('error', () => undefined)
  socket.on('close', () => (said.isClosed = true))
  for (const part of parts) socket.write(part)
  return said
}

const post = (body: string): string =>
  `POST /v1/sys/capabilities-self HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${vault.rootToken}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

it('refuses bodies above 32 MiB and ends the connection', async () => {
  const said = talk(
    `POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 ** 25 + 1}\r\n\r\n`,
    ...Array.from({ length: 33 }, () => ' '.repeat(2 ** 20)),
  )
  await eventually(() => said.isClosed)
  expect(said.text).toMatch(/^HTTP\/1\.1 413 .*Connection: close.*\{"errors":\["http: request body too large"\]\}\n$/s)
})

it.each([
  ['{', 'malformed JSON, unclosed containers'],
  [`{"a":${'['.repeat(300)}${']'.repeat(300)}}`, 'JSON input exceeds allowed nesting depth'],
  ['{"paths":[],"paths":[]}', "duplicate key 'paths' in object"],
])('%#: refuses JSON before it looks at path and token', async (body, problem) => {
  const root = caller(vault.address)
  expect(await root('POST', 'no/where', body)).toEqual({ status: 500, body: { errors: [problem] } })
  vault.standby()
  expect((await root('POST', 'sys/health', body)).status).toBe(500)
})

it('takes headers up to 1 MiB', async () => {
  const withHeader = (bytes: number): string => `GET /v1/sys/health HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(bytes)}\r\n\r\n`
  const fine = talk(withHeader(2 ** 19))
  const tooMuch = talk(withHeader(2 ** 20 + 1))
  await eventually(() => tooMuch.isClosed && fine.text !== '')
  expect(fine.text).toMatch(/^HTTP\/1\.1 200 /)
  expect(tooMuch.text).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
})

it('ends connections whose headers do not come', async () => {
  const slow = talk('GET /v1/sys/health HTTP/1.1\r\nHost:')
  await eventually(() => slow.isClosed, 15_000)
  expect(slow.text).toBe('')
}, 20_000)

it('serves 300 connections at once', async () => {
  const many = Array.from({ length: 300 }, () => talk(post('{"paths":["x"]}')))
  await eventually(() => many.every(({ text }) => text.startsWith('HTTP/1.1 200 ')), 20_000)
})

it('listens on 127.0.0.1 only, and takes no host', async () => {
  expect(new URL(vault.address).hostname).toBe('127.0.0.1')
  await expect(startDevVault({ databases: {}, roles: {}, host: '0.0.0.0' } as never)).rejects.toMatchObject({
    code: 'ERR_OPTION',
    option: 'startDevVault.host',
  })
})

it('prints nothing itself, and gives its notice to who wants to', () => {
  expect(vault.notice).toMatch(/^dev-vault at http:\/\/127\.0\.0\.1:\d+: for development and tests only/)
})
