import { describe, expect, it } from 'vitest'
import { closeOnSignal } from '../src/close-on-signal'
import { endOf } from './support/bundle'

describe('closeOnSignal', () => {
  const script = (body: string): string => `
    const { closeOnSignal } = leasepool
    const alive = setInterval(() => undefined, 1_000)
    const say = (what) => process.stdout.write(what + '\\n')
    ${body}
    process.kill(process.pid, 'SIGTERM')
  `

  it('closes in turn, then lets the signal do what it does', async () => {
    const { stdout, signal } = await endOf(
      'close-on-signal.ts',
      script(`closeOnSignal([
        async () => { say('pool'); await new Promise((r) => setTimeout(r, 50)); say('pool closed') },
        { close: () => say('credentials') },
      ])`),
    )
    expect(stdout).toBe('pool\npool closed\ncredentials\n')
    expect(signal).toBe('SIGTERM')
  })

  it('goes on when one of them fails, and says so', async () => {
    const { stdout, stderr, signal } = await endOf(
      'close-on-signal.ts',
      script(`closeOnSignal([() => { throw new Error('not today') }, () => say('second')])`),
    )
    expect(stdout).toBe('second\n')
    expect(stderr).toContain('closing number 1 failed: not today')
    expect(signal).toBe('SIGTERM')
  })

  it('ends all the same after timeoutMs', async () => {
    const { stderr, signal } = await endOf(
      'close-on-signal.ts',
      script(`closeOnSignal([() => new Promise(() => undefined)], { timeoutMs: 50 })`),
    )
    expect(stderr).toContain('closing number 1 was not done within 50 ms')
    expect(signal).toBe('SIGTERM')
  })

  it('ends at once at a second signal', async () => {
    const { stdout, signal } = await endOf(
      'close-on-signal.ts',
      script(
        `closeOnSignal([() => { say('first'); setImmediate(() => process.kill(process.pid, 'SIGTERM')); return new Promise(() => undefined) }])`,
      ),
    )
    expect(stdout).toBe('first\n')
    expect(signal).toBe('SIGTERM')
  })

  it('listens only while it is wanted', () => {
    const before = process.listenerCount('SIGTERM')
    const undo = closeOnSignal([() => undefined])
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    undo()
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })

  it.each<[unknown[], object, string]>([
    [[{}], {}, 'closeOnSignal.closables[0]'],
    [[() => undefined, 5], {}, 'closeOnSignal.closables[1]'],
    [[], { timeout: 5 }, 'closeOnSignal.timeout'],
    [[], { signals: [] }, 'closeOnSignal.signals'],
  ])('refuses %o with %o', (closables, options, option) => {
    expect(() => closeOnSignal(closables as never, options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }))
  })
})
