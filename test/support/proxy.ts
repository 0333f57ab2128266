import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A TCP proxy whose connections can be made to hang: nothing passes until they are let go. */
export interface Proxy {
  readonly port: number
  /** Connections open now; one that either side has ended is not. */
  readonly open: number
  /** The most connections that were open at the same time; one that either side has ended does not count. */
  readonly peak: number
  /** From now on nothing passes, in either direction, on open and on new connections. */
  hang(): void
  /** What hangs keeps hanging, but new connections pass. */
  letNewPass(): void
  letGo(): void
  /** New connections are reset while there are so many: 0 for all of them, `undefined` for none. */
  refuseAbove(max: number | undefined): void
  /** Connections that were reset. */
  readonly refused: number
  /** Connections that were not. */
  readonly accepted: number
  /** Bytes that came from clients. */
  readonly received: number
  close(): Promise<void>
}

/**
 * What ended before another connection began may be heard of after it, within so many turns of the event loop: libuv reads a socket once
 * in a turn, so that the end takes another one if data came with it, and on a busy machine the end of a socket that its process just
 * dropped comes later than what the process did next.
 */
const TURNS = 5

/** `onSent` hears what clients send. */
export async function startProxy(targetPort: number, onSent?: (chunk: Buffer) => void): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>()
  const ended = new WeakSet<[Socket, Socket]>()
  let isHanging = false
  let peak = 0
  let most: number | undefined
  let refused = 0
  let accepted = 0
  let received = 0
  const inUse = (of: Iterable<[Socket, Socket]>): number => [...of].filter((pair) => !ended.has(pair)).length
  const count = async (now: readonly [Socket, Socket][]): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await nextTurn()
    peak = Math.max(peak, inUse(now))
  }
  const admitBelow = async (near: Socket): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await nextTurn()
    if (most === undefined || inUse(pairs) < most) return admit(near)
    refused += 1
    near.resetAndDestroy()
  }
  const admit = (near: Socket): void => {
    if (near.destroyed) return
    accepted += 1
    const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    near.on('data', (chunk: Buffer) => {
      received += chunk.length
      onSent?.(chunk)
    })
    void count([...pairs])
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('error', () => ended.add(pair)) // it was reset; `close` comes only after what began meanwhile was counted
      from.on('end', () => ended.add(pair))
      from.on('close', () => (to.destroy(), ended.add(pair), pairs.delete(pair)))
      from.pipe(to)
      if (isHanging) from.unpipe().pause()
    }
  }
  // A client's goodbye is answered by the server's: answered here, the client would have another session while the server still counts the old.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    near.on('error', () => undefined)
    if (most === undefined) admit(near)
    else void admitBelow(near)
  })
  const port = await listen(server)
  return {
    port,
    get open() {
      return inUse(pairs)
    },
    get peak() {
      return peak
    },
    hang() {
      isHanging = true
      for (const pair of pairs) for (const socket of pair) socket.unpipe().pause()
    },
    letNewPass() {
      isHanging = false
    },
    letGo() {
      isHanging = false
      // What passes already would pass twice.
      for (const [near, far] of pairs) {
        near.unpipe().pipe(far)
        far.unpipe().pipe(near)
      }
    },
    refuseAbove(max) {
      most = max
    },
    get refused() {
      return refused
    },
    get accepted() {
      return accepted
    },
    get received() {
      return received
    },
    close: () =>
      new Promise((resolve) => {
        for (const pair of pairs) for (const socket of pair) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** Below 32768: higher ports may be taken by an outgoing connection at any moment. */
export async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const listening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (listening) return (server.address() as AddressInfo).port
  }
}
