import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LeasedCredentials } from '@leasepool/core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Items, OpenItems } from '../../examples/libraries/items'
import { logEvents } from '../support/app'
import { poll } from '../support/poll'
import { startProxy } from '../support/proxy'
import { UserSource } from '../support/user-source'
import { startItemServer, type ItemServer } from './item-server'

const EXAMPLES = join(__dirname, '..', '..', 'examples')
/** What every example sets. */
const MAX = 4
const CALLERS = 16
const ROTATIONS = 3

/** Names of examples of libraries, by the server they are for, such as `drizzle/pg`. */
type Names = { readonly [kind in ItemServer['kind']]?: readonly string[] }

/** Tests of a folder in `examples` that holds a program for each library, as `OpenItems`. */
export function testThroughRotations(folder: string, names: Names): void {
  it('runs every example', () => runsAll(join(EXAMPLES, folder), names))

  for (const [kind, examples] of Object.entries(names)) {
    describe(`on ${kind}`, () => {
      let server: ItemServer
      beforeAll(async () => void (server = await startItemServer(kind as ItemServer['kind'])))
      afterAll(() => server.stop())

      it.each(examples)('%s: a rotation fails no query, keeps max, and leaves nothing behind', async (example) => {
        await throughRotations(server, await load(`${folder}/${example}`))
      })
    })
  }
}

/** Each example is short, and is in the list. */
function runsAll(folder: string, names: Names): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/node_modules|generated/.test(file),
  )
  const texts = files.map((file) => [file.slice(0, -'.ts'.length), readFileSync(join(folder, file), 'utf8')] as const)
  const examples = texts.filter(([, text]) => text.includes('function openItems('))
  expect(examples.map(([file]) => file).toSorted()).toEqual(Object.values(names).flat().toSorted())
  for (const [file, text] of texts) expect([file, text.split('\n').length < 60]).toEqual([file, true])
}

/** Not by name: the types of these libraries have a `tsconfig.json` of their own. */
export async function load(example: string): Promise<OpenItems> {
  const { openItems } = (await import(join(EXAMPLES, `${example}.ts`))) as { readonly openItems: OpenItems }
  return openItems
}

async function throughRotations(server: ItemServer, openItems: OpenItems): Promise<void> {
  const proxy = await startProxy(server.port)
  onTestFinished(() => proxy.close())
  const source = new UserSource(server)
  const credentials = await LeasedCredentials.start(source)
  onTestFinished(() => credentials.close())
  const log = logEvents(credentials)
  const { host, database, owner } = server
  const items = await openItems(credentials, { host, port: proxy.port, database }, owner)
  const before = await server.items()

  const callers = startCallers(items)
  const held: Promise<void>[] = []
  for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
    const unlock = await server.lock(CALLERS + rotation) // a transaction is open while the user changes
    onTestFinished(unlock) // what fails here must not block the next example
    held.push(items.copy(CALLERS + rotation))
    await poll('it waits for the lock', () => server.waiting(source.prefix), (waiting) => waiting === 1) // prettier-ignore
    await credentials.rotate()
    await callers.round()
    expect(source.revoked).toHaveLength(rotation - 1)
    await unlock()
    await poll('the old user is gone', () => source.revoked.length, (revoked) => revoked === rotation) // prettier-ignore
  }
  const seen = await callers.stop()
  await Promise.all(held)
  await items.close()
  // MariaDB lists a session for a moment after its socket has closed.
  await poll('no session is left', () => server.sessions(source.prefix), (left) => left === 0) // prettier-ignore
  await credentials.close()

  expect(seen.failures).toEqual([])
  expect(proxy.peak).toBe(MAX)
  expect(await server.users()).toEqual([])
  expect(await server.items()).toBe(before + seen.copies + ROTATIONS)
  expect(log.of('rotated')).toHaveLength(ROTATIONS)
  for (const event of ['rotationFailed', 'probeFailed', 'revokeFailed', 'connectionForced'] as const)
    expect(log.of(event)).toEqual([])
}

/** Each reads and copies an item of its own, again and again. */
function startCallers(items: Items) {
  const failures: unknown[] = []
  const turns = Array.from({ length: CALLERS }, () => 0)
  let isOver = false
  const call = async (caller: number): Promise<void> => {
    while (!isOver) {
      expect(await items.label(caller + 1)).toBe(`item ${caller + 1}`)
      await items.copy(caller + 1)
      turns[caller]! += 1
    }
  }
  // One failure ends its caller.
  const done = Promise.all(turns.map((_, caller) => call(caller).catch((error: unknown) => failures.push(error))))
  return {
    /** Every caller has begun and ended a turn from now on. */
    async round(): Promise<void> {
      const since = [...turns]
      const hadTwo = (): boolean => turns.every((turn, caller) => turn > since[caller]! + 1)
      await poll('every caller had its turn', () => failures.length > 0 || hadTwo(), Boolean)
    },
    async stop(): Promise<{ failures: unknown[]; copies: number }> {
      isOver = true
      await done
      return { failures, copies: turns.reduce((sum, turn) => sum + turn, 0) }
    },
  }
}
