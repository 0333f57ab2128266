import { TimeLimit, type Clock, type ConnectionLedger } from '@leasepool/core'
import type { Client } from 'pg'
import { streamOf } from './leased-client'
import { connectionClass, privateClient, type PrivateConnection } from './private-members'
import { cutWhenUnreadable } from './unreadable'

/** How long the request may take, in ms. */
const CANCEL_REQUEST_MS = 1_000

/**
 * Stops what the connection runs, by a socket that counts like any other. `refused`: the server took no request. `closed`: no slot was free
 * within `patienceMs`, so the connection was cut, and what it ran was cancelled with the slot that it had. Never rejects.
 */
export async function cancelQuery(
  client: Client,
  options: { ledger: ConnectionLedger<Client>; clock: Clock; patienceMs: number },
): Promise<'cancelled' | 'refused' | 'closed'> {
  const { ledger, clock, patienceMs } = options
  const patience = new TimeLimit(clock, patienceMs)
  const limit = new TimeLimit(clock, patienceMs + CANCEL_REQUEST_MS)
  const slot = ledger.takeSlotForProbe(limit.signal).then(
    () => true,
    () => false,
  )
  const isFree = await Promise.race([slot, patience.passed.then(() => false)])
  patience.clear()
  if (!isFree) cut(client)
  const hasSlot = await slot
  limit.clear()
  if (!hasSlot) return 'closed'
  const isTaken = await cancelRequest(client, clock, streamOf(client)).finally(() => ledger.slots.giveBack())
  if (!isFree) return 'closed'
  return isTaken ? 'cancelled' : 'refused'
}

function cut(client: Client): void {
  void client.end()
  client.connection.stream.destroy()
}

/**
 * Asks the server to cancel what `client` runs, by the protocol's own CancelRequest: it needs no login, so it works whoever is
 * logged in now (`pg_cancel_backend` is refused to the new user of a rotation). `stream` is the one of the client's configuration.
 * Resolves within a second, `true` when the server has taken the request; never rejects.
 */
export async function cancelRequest(client: Client, clock: Clock, stream?: unknown): Promise<boolean> {
  const { processID, secretKey } = privateClient(client)
  if (processID == null || secretKey == null) return false
  const Connection = connectionClass(client)
  const connection = new Connection({ ssl: client.ssl, stream })
  cutWhenUnreadable(connection)
  const limit = new TimeLimit(clock, CANCEL_REQUEST_MS)
  try {
    const request = send(connection, client, () => connection.cancel(processID, secretKey))
    return await Promise.race([request, limit.passed.then(() => false)])
  } finally {
    limit.clear()
    connection.stream.destroy()
  }
}

function send(connection: PrivateConnection, client: Client, cancel: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    let isSent = false
    const send = (): void => {
      cancel()
      isSent = true
    }
    connection.on('error', () => resolve(false))
    connection.on('end', () => resolve(isSent)) // the server closes it once it has passed the request on
    if (client.ssl) {
      connection.on('connect', () => connection.requestSsl())
      connection.on('sslconnect', send)
    } else connection.on('connect', send)
    if (client.host.startsWith('/')) connection.connect(`${client.host}/.s.PGSQL.${client.port}`)
    else connection.connect(client.port, client.host)
  })
}
