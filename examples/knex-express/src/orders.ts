import type { Knex } from 'knex'
import type { NewItem, NewOrder, Page } from './input'

export interface Order {
  readonly id: number
  readonly customer: string
}

export type OrderWithItems = Order & { readonly items: readonly NewItem[] }

export interface OrderPage {
  readonly orders: readonly Order[]
  /** What to ask for as `before` next; `null` at the end. */
  readonly next: number | null
}

/** Resolves with the id. */
export function createOrder(db: Knex, { customer, items }: NewOrder): Promise<number> {
  return db.transaction(async (trx) => {
    const insert = trx('orders').insert({ customer })
    // MySQL has no RETURNING, and gives the id by itself.
    const [made] = (await (isMysql(trx) ? insert : insert.returning('id'))) as [number | { id: number }]
    const id = typeof made === 'number' ? made : made.id
    await trx('order_items').insert(items.map(({ product, quantity }) => ({ order_id: id, product, quantity })))
    return id
  })
}

export async function listOrders(db: Knex, { limit, before }: Page): Promise<OrderPage> {
  const found = await db<Order>('orders')
    .select('id', 'customer')
    .where('id', '<', before)
    .orderBy('id', 'desc')
    .limit(limit + 1) // one more says whether there are more
  const orders = found.slice(0, limit)
  return { orders, next: found.length > limit ? orders.at(-1)!.id : null }
}

export async function findOrder(db: Knex, id: number): Promise<OrderWithItems | undefined> {
  const order = await db<Order>('orders').select('id', 'customer').where({ id }).first()
  if (order === undefined) return undefined
  const items = await db('order_items').select('product', 'quantity').where({ order_id: id }).orderBy('id')
  return { ...order, items: items as NewItem[] }
}

function isMysql(db: Knex): boolean {
  return (db.client as { driverName: string }).driverName === 'mysql2'
}
