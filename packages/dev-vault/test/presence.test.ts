import { expect, it, onTestFinished, vi } from 'vitest'
import type { Announcement, DatabasePlugin } from '../src/database/database-plugin'
import { Presence } from '../src/database/presence'
import { SLOT_COUNT } from '../src/database/slots'
import { Time } from '../src/time'
import { eventually, TestClock } from './support'

/** `3-a` is a user of slot 3. */
const slotOf = (user: string): number | undefined => (/^\d+-/.test(user) ? Number(user.split('-')[0]) : undefined)

/** A server that only knows who owns which slot on it and which users are there. */
class FakeServer {
  readonly owners = new Map<number, Announcement>()
  users: string[] = []
  readonly calls: string[] = []
  isDown = false
  lose: () => void = () => undefined

  readonly plugin = {
    server: 'db:1',
    announce: (slots: readonly number[], onLost: () => void) => this.#announce(slots, onLost),
    findUsers: () => {
      this.calls.push('list')
      return this.isDown ? Promise.reject(new Error('down')) : Promise.resolve([...this.users])
    },
    eraseUser: (user: string) => {
      if (user.endsWith('-stuck')) return Promise.reject(new Error('no'))
      this.users = this.users.filter((other) => other !== user)
      return Promise.resolve()
    },
  } as unknown as DatabasePlugin

  take(slot: number): Announcement {
    return this.#taken(slot)
  }

  #announce(slots: readonly number[], onLost: () => void): Promise<Announcement> {
    this.calls.push('announce')
    if (this.isDown) return Promise.reject(new Error('down'))
    const announcement = this.#taken(slots.find((slot) => !this.owners.has(slot)))
    this.lose = () => {
      void announcement.end()
      onLost()
    }
    return Promise.resolve(announcement)
  }

  #taken(slot: number | undefined): Announcement {
    const announcement: Announcement = {
      slot,
      othersSlots: () => {
        this.calls.push('others')
        return Promise.resolve(new Set([...this.owners.keys()].filter((owned) => owned !== slot)))
      },
      unref: () => undefined,
      end: () => Promise.resolve(void (slot !== undefined && this.owners.delete(slot))),
    }
    if (slot !== undefined) this.owners.set(slot, announcement)
    return announcement
  }
}

it('erases the users of slots without an owner, and no others, after it has been announced', async () => {
  const server = new FakeServer()
  server.take(7)
  server.users = ['3-a', '3-stuck', '7-b', 'other']
  const presence = new Presence(new Time(new TestClock()))
  expect(await presence.enter(server.plugin, slotOf)).toEqual(['3-stuck: no'])
  expect(server.users).toEqual(['3-stuck', '7-b', 'other'])
  expect(server.calls.slice(0, 3)).toEqual(['list', 'announce', 'list'])
  expect([3, 7]).not.toContain(presence.slotOn('db:1'))
  await presence.end()
  expect([...server.owners.keys()]).toEqual([7])
})

it('erases what was in its own slot before it', async () => {
  const server = new FakeServer()
  server.users = Array.from({ length: SLOT_COUNT }, (_, slot) => `${slot}-a`)
  const presence = new Presence(new Time(new TestClock()))
  expect(await presence.enter(server.plugin, slotOf)).toEqual([])
  expect(server.users).toEqual([])
  await presence.end()
})

it('leaves the users of one that comes back within a moment, and of all if it is told to', async () => {
  const server = new FakeServer()
  server.users = ['3-a', '4-b']
  const told = new Presence(new Time(new TestClock()), false)
  await told.enter(server.plugin, slotOf)
  expect(server.users).toEqual(['3-a', '4-b'])
  const presence = new Presence(new Time(new TestClock()))
  const entering = presence.enter(server.plugin, slotOf)
  await eventually(() => server.calls.filter((call) => call === 'others').length > 0)
  server.take(3)
  expect(await entering).toEqual([])
  expect(server.users).toEqual(['3-a'])
  await Promise.all([told.end(), presence.end()])
})

it('erases once per server, and keeps its slot when its connection was lost', async () => {
  const server = new FakeServer()
  const presence = new Presence(new Time(new TestClock()))
  await Promise.all([1, 2, 3].map(() => presence.enter(server.plugin, slotOf)))
  expect(server.calls.filter((call) => call === 'announce')).toHaveLength(1)
  const slot = presence.slotOn('db:1')!
  server.users = [`${slot}-mine`]
  server.lose()
  // Those who ask at the same time share one announcement: a second one would leave its connection open.
  await Promise.all([1, 2, 3].map(() => presence.enter(server.plugin, slotOf)))
  expect([...server.owners.keys()]).toEqual([slot])
  expect(server.users).toEqual([`${slot}-mine`])
  await presence.end()
  expect(server.owners.size).toBe(0)
})

it('announces itself again and again, until the server is back', async () => {
  const server = new FakeServer()
  const clock = new TestClock()
  const presence = new Presence(new Time(clock))
  await presence.enter(server.plugin, slotOf)
  const slot = presence.slotOn('db:1')!
  server.isDown = true
  server.lose()
  expect(clock.nextMs()).toBe(0)
  await clock.advance(0)
  for (let look = 0; look < 3; look++) {
    await eventually(() => clock.nextMs() === 250)
    await clock.advance(250)
  }
  expect(server.owners.size).toBe(0)
  server.isDown = false
  await eventually(() => clock.nextMs() === 250)
  await clock.advance(250)
  await eventually(() => server.owners.has(slot))
  await presence.end()
  expect(clock.nextMs()).toBeUndefined()
})

it('waits for its own slot if that is taken meanwhile, as by its old session', async () => {
  const server = new FakeServer()
  const clock = new TestClock()
  const presence = new Presence(new Time(clock))
  await presence.enter(server.plugin, slotOf)
  const slot = presence.slotOn('db:1')!
  server.lose()
  const ghost = server.take(slot)
  await expect(presence.enter(server.plugin, slotOf)).rejects.toThrow(`slot ${slot} is taken`)
  await clock.advance(0)
  await eventually(() => clock.nextMs() === 250)
  expect([presence.slotOn('db:1'), server.owners.size]).toEqual([slot, 1])
  await ghost.end()
  await clock.advance(250)
  await eventually(() => server.owners.has(slot))
  expect(server.owners.get(slot)).not.toBe(ghost)
  await presence.end()
})

it('says so when all slots are taken, and erases nothing then', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  onTestFinished(() => warn.mockRestore())
  const server = new FakeServer()
  for (let slot = 0; slot < SLOT_COUNT; slot++) server.take(slot)
  server.users = ['3-a']
  const presence = new Presence(new Time(new TestClock()))
  expect(await presence.enter(server.plugin, slotOf)).toEqual([])
  expect(presence.slotOn('db:1')).toBeUndefined()
  expect(server.users).toEqual(['3-a'])
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/^More than 62 dev-vaults are alive on db:1\./), { code: 'LEASEPOOL_DEV_VAULT_NO_SLOT' }],
  ])
  await presence.end()
})

it('tries a server that was down anew, and cleans up then', async () => {
  const server = new FakeServer()
  const presence = new Presence(new Time(new TestClock()))
  server.isDown = true
  server.users = ['3-left']
  await expect(presence.enter(server.plugin, slotOf)).rejects.toThrow('down')
  server.isDown = false
  expect(await presence.enter(server.plugin, slotOf)).toEqual([])
  expect(server.users).toEqual([])
  await presence.end()
})
