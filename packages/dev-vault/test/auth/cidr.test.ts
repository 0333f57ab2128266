import { describe, expect, it } from 'vitest'
import { blocksCover, blocksHold, firstThatIsNoBlock, parseAddresses } from '../../src/auth/cidr'

describe('parseAddresses', () => {
  it('keeps blocks as they were written, single addresses without their prefix', () => {
    const texts = ['127.0.0.1/32', '10.1.2.3/8', '::1/128', 'fe80::/10', '10.0.0.1']
    expect(parseAddresses(texts)).toEqual({ blocks: ['127.0.0.1', '10.1.2.3/8', '::1', 'fe80::/10', '10.0.0.1'] })
  })

  it.each(['x', '', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::1/129', '10.0.0'])('knows %j for none', (text) => {
    expect(parseAddresses(['10.0.0.0/8', text])).toEqual({ wrong: text })
  })
})

it('wants a prefix where Vault does', () => {
  expect(firstThatIsNoBlock(['10.0.0.0/8', '127.0.0.1'])).toBe('127.0.0.1')
  expect(firstThatIsNoBlock(['10.0.0.0/8', '::/0'])).toBeUndefined()
})

it('finds an address in its block alone', () => {
  expect(blocksHold(['10.0.0.0/8', '127.0.0.1'], '127.0.0.1')).toBe(true)
  expect(blocksHold(['10.0.0.0/8'], '127.0.0.1')).toBe(false)
  expect(blocksHold([], '127.0.0.1')).toBe(false)
  expect(blocksHold(['::/0'], '127.0.0.1')).toBe(false)
})

it('covers blocks that lie within one of its own', () => {
  expect(blocksCover(['10.0.0.0/8'], ['10.1.0.0/16', '10.0.0.0/8'])).toBe(true)
  expect(blocksCover(['10.0.0.0/16'], ['10.0.0.0/8'])).toBe(false)
  expect(blocksCover(['10.0.0.0/8', '127.0.0.0/8'], ['127.0.0.1/32', '11.0.0.0/8'])).toBe(false)
})
