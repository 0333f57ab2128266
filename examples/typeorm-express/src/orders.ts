import { LessThan, type DataSource } from 'typeorm'
import { Order, OrderItem } from './entities'
import type { NewItem, NewOrder, Page } from './input'

export interface OrderPage {
  readonly orders: readonly Pick<Order, 'id' | 'customer'>[]
  /** What to ask for as `before` next; `null` at the end. */
  readonly next: number | null
}

export interface OrderWithItems {
  readonly id: number
  readonly customer: string
  readonly items: readonly NewItem[]
}

/** Resolves with the id. */
export function createOrder(dataSource: DataSource, { customer, items }: NewOrder): Promise<number> {
  return dataSource.transaction(async (manager) => {
    const order = await manager.save(Order, { customer })
    await manager.insert(
      OrderItem,
      items.map((item) => ({ ...item, order })),
    )
    return order.id
  })
}

export async function listOrders(dataSource: DataSource, { limit, before }: Page): Promise<OrderPage> {
  const found = await dataSource.getRepository(Order).find({
    where: { id: LessThan(before) },
    order: { id: 'DESC' },
    take: limit + 1, // one more says whether there are more
  })
  const orders = found.slice(0, limit)
  return { orders, next: found.length > limit ? orders.at(-1)!.id : null }
}

export async function findOrder(dataSource: DataSource, id: number): Promise<OrderWithItems | undefined> {
  const order = await dataSource.getRepository(Order).findOne({
    where: { id },
    relations: { items: true },
    order: { items: { id: 'ASC' } },
  })
  if (order === null) return undefined
  const { customer, items } = order
  return { id, customer, items: items.map(({ product, quantity }) => ({ product, quantity })) }
}
