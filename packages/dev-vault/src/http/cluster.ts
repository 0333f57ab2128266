import { OptionError } from '@leasepool/core'
import type { VaultServer } from './server'
import type { NodeView } from './status'
import type { Time } from '../time'

interface Member {
  readonly server: VaultServer
  readonly address: string
  readonly port: number
  isRunning: boolean
}

/** The nodes that share one state, and which of them is active. As with Raft, it takes more than half of them to have a leader. */
export class Cluster {
  readonly #time: Time
  readonly #members: readonly Member[]
  /** The index of a member, or the address of a node that is none of ours. */
  #leader: number | string | undefined = 0
  /** Counts the changes, so that a late one does not undo a newer. */
  #term = 0
  #activeSinceMs: number

  constructor(time: Time, members: readonly { server: VaultServer; address: string; port: number }[]) {
    this.#time = time
    this.#members = members.map((member) => ({ ...member, isRunning: true }))
    this.#activeSinceMs = time.nowMs()
  }

  get addresses(): string[] {
    return this.#members.map(({ address }) => address)
  }

  /** The index of the active node; `undefined` while there is none, or it is none of ours. */
  get leader(): number | undefined {
    return typeof this.#leader === 'number' ? this.#leader : undefined
  }

  /** The nodes that listen. */
  get running(): number[] {
    return this.#members.flatMap(({ isRunning }, index) => (isRunning ? [index] : []))
  }

  view(index: number, isSealed: boolean): NodeView {
    const leader = this.#leader
    return {
      isSealed,
      isHa: this.#members.length > 1 || leader !== 0,
      isActive: leader === index,
      activeSinceMs: this.#activeSinceMs,
      leaderAddress: typeof leader === 'number' ? this.#members[leader]!.address : leader,
    }
  }

  /** All of our nodes become standbys of the node at this address, or of none. */
  follow(leaderAddress: string | undefined): void {
    this.#term += 1
    this.#leader = leaderAddress
  }

  /** Ends {@link follow}: one of ours leads again. */
  lead(): void {
    if (this.leader === undefined) this.#elect(undefined)
  }

  /** Another node leads, after a time without any. Resolves when one leads, or can not because too few are left. */
  async changeLeader(index: number | undefined, leaderlessMs: number): Promise<void> {
    if (index !== undefined) this.#member(index, 'changeLeader')
    const term = ++this.#term
    const next = index ?? this.#after(this.leader ?? -1)
    this.#leader = undefined
    if (leaderlessMs > 0) await this.#sleep(leaderlessMs)
    if (term === this.#term) this.#elect(next)
  }

  /** Ends a node's connections and listens no more; another one leads if it did. */
  async stop(index: number, leaderlessMs: number): Promise<void> {
    const member = this.#member(index, 'stopNode')
    member.isRunning = false
    await member.server.stop()
    if (this.leader === index || !this.#hasQuorum()) await this.changeLeader(undefined, leaderlessMs)
  }

  /** Listens again at the same address; it leads only if nobody does. */
  async start(index: number): Promise<void> {
    const member = this.#member(index, 'startNode')
    if (member.isRunning) return
    await member.server.listen(member.port)
    member.isRunning = true
    if (this.#leader === undefined) this.#elect(undefined)
  }

  #elect(wanted: number | undefined): void {
    const index = wanted !== undefined && this.#members[wanted]!.isRunning ? wanted : this.#after(-1)
    this.#leader = index !== undefined && this.#hasQuorum() ? index : undefined
    this.#activeSinceMs = this.#time.nowMs()
  }

  #hasQuorum(): boolean {
    return this.running.length * 2 > this.#members.length
  }

  /** The next node that listens, in a ring. */
  #after(index: number): number | undefined {
    return this.running.find((candidate) => candidate > index) ?? this.running[0]
  }

  #member(index: number, call: string): Member {
    const member = this.#members[index]
    if (member === undefined)
      throw new OptionError(`DevVault.${call}`, `a node from 0 to ${this.#members.length - 1}`, String(index))
    return member
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.alarm(this.#time.nowMs() + ms, resolve))
  }
}
