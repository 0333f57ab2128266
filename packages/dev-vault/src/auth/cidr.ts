import { BlockList, isIP } from 'node:net'

/** Where all requests come from: the servers listen on this address only. */
export const SOURCE_ADDRESS = '127.0.0.1'

/** An IP address, or a block of them in the form `address/prefix`, with the address as it was written. */
interface Block {
  readonly address: string
  readonly prefix: number
  readonly version: 'ipv4' | 'ipv6'
}

/** The blocks as Vault keeps those of tokens: without the prefix of a single address. `undefined` with the first that is none. */
export function parseAddresses(texts: readonly string[]): { blocks: string[] } | { wrong: string } {
  const blocks: string[] = []
  for (const text of texts) {
    const block = parse(text)
    if (block === undefined) return { wrong: text }
    blocks.push(block.prefix === bitsOf(block) ? block.address : text)
  }
  return { blocks }
}

/** The first text that is not a block in the form `address/prefix`. */
export function firstThatIsNoBlock(texts: readonly string[]): string | undefined {
  return texts.find((text) => !text.includes('/') || parse(text) === undefined)
}

/** Whether `address` lies in one of the blocks; no blocks hold nothing. */
export function blocksHold(blocks: readonly string[], address: string): boolean {
  const version = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  for (const block of blocks.map(parse)) {
    // Node finds IPv4 addresses in blocks of IPv6; Go, and so Vault, does not.
    if (block?.version === version) list.addSubnet(block.address, block.prefix, version)
  }
  return list.check(address, version)
}

/** Whether each of the `inner` blocks lies in one of the `outer` ones. */
export function blocksCover(outer: readonly string[], inner: readonly string[]): boolean {
  return inner.every((text) => {
    const block = parse(text)
    if (block === undefined) return false
    return outer.some((candidate) => (parse(candidate)?.prefix ?? 129) <= block.prefix && blocksHold([candidate], block.address))
  })
}

function parse(text: string): Block | undefined {
  const [address = '', prefixText, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return undefined
  const version = family === 4 ? 'ipv4' : 'ipv6'
  const bits = bitsOf({ version })
  if (prefixText === undefined) return { address, prefix: bits, version }
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : bits + 1
  return prefix > bits ? undefined : { address, prefix, version }
}

function bitsOf({ version }: Pick<Block, 'version'>): number {
  return version === 'ipv4' ? 32 : 128
}
