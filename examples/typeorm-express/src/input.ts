/** What an order is made of. */
export interface NewOrder {
  readonly customer: string
  readonly items: readonly NewItem[]
}

export interface NewItem {
  readonly product: string
  readonly quantity: number
}

/** Which orders to list: those with ids below `before`, the newest first. */
export interface Page {
  readonly limit: number
  readonly before: number
}

/** The largest that the column takes. */
const LAST_ID = 2 ** 31 - 1

/** Express answers with its `status`. */
export class BadRequest extends Error {
  readonly status = 400
}

/** Throws `BadRequest`. */
export function readNewOrder(body: unknown): NewOrder {
  const { customer, items } = (body ?? {}) as Partial<NewOrder>
  if (!isName(customer)) throw new BadRequest('customer must be a text of 1 to 100 characters')
  if (!Array.isArray(items) || items.length < 1 || items.length > 100) throw new BadRequest('items must be 1 to 100 items')
  return { customer, items: items.map(readNewItem) }
}

function readNewItem(item: unknown): NewItem {
  const { product, quantity } = (item ?? {}) as Partial<NewItem>
  if (!isName(product)) throw new BadRequest('product must be a text of 1 to 100 characters')
  if (!isWhole(quantity, 1_000)) throw new BadRequest('quantity must be a whole number from 1 to 1000')
  return { product, quantity }
}

/** Throws `BadRequest`. */
export function readPage(query: { readonly limit?: unknown; readonly before?: unknown }): Page {
  const limit = Number(query.limit ?? 20)
  if (!isWhole(limit, 100)) throw new BadRequest('limit must be a whole number from 1 to 100')
  const before = readId(query.before ?? LAST_ID)
  if (before === undefined) throw new BadRequest('before must be the id of an order')
  return { limit, before }
}

/** `undefined` for what cannot be one. */
export function readId(text: unknown): number | undefined {
  return isWhole(Number(text), LAST_ID) ? Number(text) : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= 100
}

function isWhole(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max
}
