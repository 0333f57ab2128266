import * as fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/clock'
import { RenderedFile } from '../../../src/sources/rendered-file'
import type { RenderedFormat } from '../../../src/sources/rendered/formats'

const folder = mkdtempSync(join(tmpdir(), 'leasepool-torn-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SETTLE_MS = 100
const path = join(folder, 'login')
const texts: Record<Exclude<RenderedFormat, 'folder'>, (n: string) => string> = {
  env: (n) => `DB_USERNAME=user-${n}\nDB_PASSWORD=password-of-${n}\n`,
  properties: (n) => `username=user-${n}\npassword=password-of-${n}\n`,
  yaml: (n) => `username: user-${n}\npassword: password-of-${n}\n`,
  json: (n) => `{"username":"user-${n}","password":"password-of-${n}"}`,
}

/** Time in which somebody overwrites the file in place: emptied first, then piece by piece with pauses below `SETTLE_MS`. */
class WritingClock implements Clock {
  #nowMs = 0
  readonly #writes: { atMs: number; text: string }[] = []

  constructor(text: string, cuts: readonly number[], pauses: readonly number[], beginsAtMs: number) {
    const ends = [...new Set([0, ...cuts.map((cut) => cut % text.length), text.length])].toSorted((a, b) => a - b)
    let atMs = beginsAtMs
    for (const [index, end] of ends.entries()) {
      this.#writes.push({ atMs, text: text.slice(0, end) })
      atMs += pauses[index % pauses.length]!
    }
  }

  nowMs = (): number => this.#nowMs
  dateMs = (): number => this.#nowMs

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    if (ms > 10_000) return new Promise(() => undefined) // the looks between: this test asks by itself
    this.#nowMs += ms
    while (this.#writes[0] !== undefined && this.#writes[0].atMs <= this.#nowMs) writeFileSync(path, this.#writes.shift()!.text)
    return Promise.resolve()
  }
}

describe('a file that is overwritten in place while it is read', () => {
  it.each(Object.entries(texts))(
    '%s: is either the old login or the new one, never something in between',
    async (format, textOf) => {
      // So few that the writes are over before the source says that the file changes all the time: 8 of them, 10 reads.
      const cuts = fc.array(fc.nat(), { maxLength: 6 })
      const pauses = fc.array(fc.integer({ min: 1, max: SETTLE_MS - 1 }), { minLength: 1, maxLength: 8 })
      let torn = 0
      await fc.assert(
        fc.asyncProperty(cuts, pauses, fc.integer({ min: 1, max: 3 * SETTLE_MS }), async (cutAt, pauseMs, beginsAtMs) => {
          writeFileSync(path, textOf('old'))
          const clock = new WritingClock(textOf('new'), cutAt, pauseMs, beginsAtMs)
          const source = new RenderedFile('test', {
            path,
            format: format as RenderedFormat,
            lookEveryMs: 60_000,
            settleMs: SETTLE_MS,
          })
          await source.open({
            clock,
            random: () => 0,
            report: () => undefined,
            rotate: () => undefined,
            abandoned: () => undefined,
          })
          const seen: string[] = []
          while (seen.at(-1) !== 'user-new password-of-new') {
            const { username, password } = await source.issue(new AbortController().signal)
            seen.push(`${username} ${password}`)
            expect(['user-old password-of-old', 'user-new password-of-new']).toContain(seen.at(-1))
          }
          if (seen.length > 1) torn += 1
          await source.close()
        }),
        { numRuns: 60 },
      )
      expect(torn).toBeGreaterThan(0) // or the writes never met a read
    },
  )
})
