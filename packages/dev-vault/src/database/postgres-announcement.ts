import { Client, type ClientConfig } from 'pg'
import type { Announcement } from './database-plugin'
import { ANNOUNCED_AS, announcedName } from './slots'

/** Two that start at the same moment may both give way until no slot is left to try; then they try again. */
const ROUNDS = 3

const OTHERS = `SELECT application_name AS name FROM pg_stat_activity WHERE application_name LIKE '${ANNOUNCED_AS}-%' AND pid <> pg_backend_pid()`

/**
 * Keeps a connection whose application name, with the slot in it, everybody sees in the whole cluster; advisory locks are seen per
 * database only.
 */
export async function announceBy(config: ClientConfig, slots: readonly number[], onLost: () => void): Promise<Announcement> {
  const client = new Client({ ...config, application_name: ANNOUNCED_AS, keepAlive: true })
  // pg's types leave these out; they are its sockets'.
  const socket = client as unknown as { ref(): void; unref(): void }
  let isOver = false
  client.on('error', () => undefined)
  client.on('end', () => {
    if (!isOver) onLost()
  })
  const slot = await taken().catch(async (error: unknown) => {
    isOver = true
    await client.end().catch(() => undefined)
    throw error
  })
  return {
    slot,
    othersSlots: () => othersSlots(client),
    unref: () => socket.unref(),
    end: async () => {
      isOver = true
      socket.ref()
      await client.end()
    },
  }

  async function taken(): Promise<number | undefined> {
    await client.connect()
    return takeSlot(client, slots)
  }
}

async function takeSlot(client: Client, slots: readonly number[]): Promise<number | undefined> {
  for (let round = 1; round <= ROUNDS; round++) {
    const others = await othersSlots(client)
    for (const slot of slots) if (!others.has(slot) && (await isTaken(client, slot))) return slot
  }
  return undefined
}

/** First says that the slot is its own, and then looks: of two that do so at the same moment, the later look sees the other one. */
async function isTaken(client: Client, slot: number): Promise<boolean> {
  await client.query(`SET application_name = '${announcedName(slot)}'`)
  if (!(await othersSlots(client)).has(slot)) return true
  await client.query(`SET application_name = '${ANNOUNCED_AS}'`)
  return false
}

async function othersSlots(client: Client): Promise<Set<number>> {
  const { rows } = await client.query<{ name: string }>(OTHERS)
  return new Set(rows.map(({ name }) => Number(name.slice(ANNOUNCED_AS.length + 1))))
}
