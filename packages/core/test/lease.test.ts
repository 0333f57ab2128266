import { describe, expect, it } from 'vitest'
import { heldOrSpent, next, type LeaseSignal, type LeaseState } from '../src/lease'
import { leaseOf } from './support/leases'

const lease = leaseOf({ issuedAtMs: 0 })
const longer = leaseOf({ issuedAtMs: 0, renewedAtMs: 1_000 })
const cut = { ...longer, truncated: true }
const fixed = { ...longer, renewable: false }

const held: LeaseState = { kind: 'held', lease }
const renewing: LeaseState = { kind: 'renewing', lease, attempt: 2 }
const spent: LeaseState = { kind: 'spent', lease }
const refusedFor: LeaseState = { kind: 'spent', lease: { ...lease, renewable: false } }
const ended: LeaseState = { kind: 'ended', lease, reason: 'lost' }

const due: LeaseSignal = { type: 'due' }
const failed: LeaseSignal = { type: 'failed' }
const refused: LeaseSignal = { type: 'refused' }
const renewed = (to = longer): LeaseSignal => ({ type: 'renewed', lease: to })
const end: LeaseSignal = { type: 'ended', reason: 'revoked' }
const gone: LeaseState = { kind: 'ended', lease, reason: 'revoked' }

describe('next', () => {
  it.each<[LeaseState['kind'], string, LeaseState, LeaseSignal, LeaseState | undefined]>([
    ['held', 'due', held, due, { kind: 'renewing', lease, attempt: 1 }],
    ['held', 'renewed', held, renewed(), undefined],
    ['held', 'failed', held, failed, undefined],
    ['held', 'refused', held, refused, refusedFor],
    ['held', 'ended', held, end, gone],
    ['renewing', 'due', renewing, due, undefined],
    ['renewing', 'renewed', renewing, renewed(), { kind: 'held', lease: longer }],
    ['renewing', 'renewed, truncated', renewing, renewed(cut), { kind: 'spent', lease: cut }],
    ['renewing', 'renewed, no longer renewable', renewing, renewed(fixed), { kind: 'spent', lease: fixed }],
    ['renewing', 'failed', renewing, failed, { kind: 'renewing', lease, attempt: 3 }],
    ['renewing', 'refused', renewing, refused, refusedFor],
    ['renewing', 'ended', renewing, end, gone],
    ['spent', 'due', spent, due, undefined],
    ['spent', 'renewed', spent, renewed(), undefined],
    ['spent', 'failed', spent, failed, undefined],
    ['spent', 'refused', spent, refused, refusedFor],
    ['spent', 'ended', spent, end, gone],
    ['ended', 'due', ended, due, undefined],
    ['ended', 'renewed', ended, renewed(), undefined],
    ['ended', 'failed', ended, failed, undefined],
    ['ended', 'refused', ended, refused, undefined],
    ['ended', 'ended', ended, end, undefined],
  ])('%s + %s', (_kind, _signal, state, signal, expected) => {
    expect(next(state, signal)).toEqual(expected)
  })

  it.each(['lost', 'expired', 'revoked'] as const)('keeps the reason %s of an end', (reason) => {
    expect(next(held, { type: 'ended', reason })).toEqual({ kind: 'ended', lease, reason })
  })
})

describe('heldOrSpent', () => {
  it.each([
    [true, false, 'held'],
    [true, true, 'spent'],
    [false, false, 'spent'],
    [false, true, 'spent'],
  ] as const)('renewable %s, truncated %s: %s', (renewable, truncated, kind) => {
    expect(heldOrSpent({ ...lease, renewable, truncated }).kind).toBe(kind)
  })
})
