import type { Connection } from 'mysql2'
import type { Connection as PromiseConnection, RowDataPacket } from 'mysql2/promise'
import type { Announcement } from './database-plugin'
import { announcedName, SLOT_COUNT } from './slots'

/** Takes the first free slot, which is a lock, and keeps it: the server gives it back when the connection ends, also by a crash. */
export async function announceBy(raw: Connection, slots: readonly number[], onLost: () => void): Promise<Announcement> {
  let isOver = false
  raw.on('error', () => undefined)
  raw.on('end', () => {
    if (!isOver) onLost()
  })
  const connection = raw.promise()
  const stream = streamOf(raw)
  try {
    // Longer than any test: an idle connection would be cut after 8 h.
    await connection.query('SET SESSION wait_timeout = 2000000')
    const slot = await takeSlot(connection, slots)
    return {
      slot,
      othersSlots: () => othersSlots(connection, slot),
      unref: () => stream.unref(),
      end: async () => {
        isOver = true
        stream.ref()
        await connection.end()
      },
    }
  } catch (error) {
    isOver = true
    connection.destroy()
    throw error
  }
}

/** The socket, which mysql2's types leave out. */
export function streamOf(connection: Connection): { ref(): void; unref(): void } {
  return (connection as unknown as { stream: { ref(): void; unref(): void } }).stream
}

async function takeSlot(connection: PromiseConnection, slots: readonly number[]): Promise<number | undefined> {
  for (const slot of slots) {
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT GET_LOCK('${announcedName(slot)}', 0) AS answer`)
    if (Number(rows[0]!['answer']) === 1) return slot
  }
  return undefined
}

async function othersSlots(connection: PromiseConnection, own: number | undefined): Promise<Set<number>> {
  const slots = Array.from({ length: SLOT_COUNT }, (_, slot) => slot).filter((slot) => slot !== own)
  const columns = slots.map((slot) => `IS_USED_LOCK('${announcedName(slot)}') IS NOT NULL AS slot${slot}`)
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT ${columns.join(', ')}`)
  return new Set(slots.filter((slot) => Number(rows[0]![`slot${slot}`]) === 1))
}
