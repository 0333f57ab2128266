import { UnreadableMessageError } from '@leasepool/core'
import { PassThrough } from 'node:stream'
import { Connection } from 'pg'
import { expect, test } from 'vitest'
import type { PrivateConnection } from '../src/private-members'
import { cutWhenUnreadable } from '../src/unreadable'

/** A row of one value, without the value. */
const MALFORMED = Buffer.from('44000000060001', 'hex')
const UNKNOWN_LOGIN = Buffer.from('5200000008000003e7', 'hex')
const READY = Buffer.from('5a0000000549', 'hex')

function open(): { connection: PrivateConnection; stream: PassThrough; failures: unknown[] } {
  const stream = new PassThrough()
  const failures: unknown[] = []
  stream.on('error', (error) => failures.push(error))
  const connection = new Connection({ stream } as never) as PrivateConnection
  cutWhenUnreadable(connection)
  connection.attachListeners!(stream)
  return { connection, stream, failures }
}

test.each([MALFORMED, UNKNOWN_LOGIN])(
  'a message that cannot be read cuts its connection, and does not throw: %#',
  async (bytes) => {
    const { stream, failures } = open()
    stream.emit('data', bytes)
    stream.emit('data', bytes)
    expect(stream.destroyed).toBe(true)
    await new Promise((resolve) => stream.once('close', resolve))
    expect(failures).toEqual([expect.any(UnreadableMessageError)])
    expect(failures[0]).toMatchObject({ code: 'ERR_UNREADABLE_MESSAGE', cause: expect.any(Error) as unknown })
  },
)

test('messages are passed on, in pieces too', () => {
  const { connection, stream } = open()
  const seen: unknown[] = []
  connection.on('readyForQuery', ({ status }: { status: string }) => seen.push(status))
  stream.emit('data', Buffer.concat([READY, READY.subarray(0, 3)]))
  stream.emit('data', READY.subarray(3))
  expect(seen).toEqual(['I', 'I'])
  expect(stream.destroyed).toBe(false)
})

test('what a listener throws, an app of callbacks, is thrown as ever', () => {
  const { connection, stream } = open()
  connection.on('readyForQuery', () => {
    throw new RangeError('of the app')
  })
  expect(() => stream.emit('data', READY)).toThrow('of the app')
  expect(stream.destroyed).toBe(false)
})
