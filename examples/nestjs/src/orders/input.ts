import { BadRequestException } from '@nestjs/common'

/** What an order is made of. */
export interface NewOrder {
  readonly customer: string
  readonly items: readonly { readonly product: string; readonly quantity: number }[]
}

/** Which orders to list: those with ids below `before`, the newest first. */
export interface Page {
  readonly limit: number
  readonly before: number
}

/** The largest that the column takes. */
const LAST_ID = 2 ** 31 - 1

/** Throws `BadRequestException`. */
export function readNewOrder(body: unknown): NewOrder {
  const { customer, items } = (body ?? {}) as Partial<NewOrder>
  if (!isName(customer)) throw new BadRequestException('customer must be a text of 1 to 100 characters')
  const isGood = Array.isArray(items) && items.length >= 1 && items.length <= 100 && items.every(isItem)
  if (!isGood) throw new BadRequestException('items must be 1 to 100, each a product and a quantity from 1 to 1000')
  return { customer, items: items.map(({ product, quantity }) => ({ product, quantity })) }
}

/** Throws `BadRequestException`. */
export function readPage(limit: unknown, before: unknown): Page {
  return { limit: readWhole('limit', limit ?? 20, 100), before: readWhole('before', before ?? LAST_ID, LAST_ID) }
}

/** Throws `BadRequestException`. */
export function readId(id: unknown): number {
  return readWhole('id', id, LAST_ID)
}

function readWhole(name: string, value: unknown, max: number): number {
  const number = Number(value)
  if (!isWhole(number, max)) throw new BadRequestException(`${name} must be a whole number from 1 to ${max}`)
  return number
}

function isItem(item: unknown): boolean {
  const { product, quantity } = (item ?? {}) as NewOrder['items'][number]
  return isName(product) && isWhole(quantity, 1_000)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= 100
}

function isWhole(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max
}
