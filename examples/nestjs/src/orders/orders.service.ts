import { Injectable, NotFoundException } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { LessThan, Repository } from 'typeorm'
import type { NewOrder, Page } from './input'
import { Order, OrderItem } from './order.entity'

/** TypeORM as ever: nothing here knows that the database user changes. */
@Injectable()
export class OrdersService {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  /** Resolves with the id. */
  create({ customer, items }: NewOrder): Promise<number> {
    return this.orders.manager.transaction(async (manager) => {
      const order = await manager.save(Order, { customer })
      await manager.insert(
        OrderItem,
        items.map((item) => ({ ...item, order })),
      )
      return order.id
    })
  }

  list({ limit, before }: Page): Promise<Order[]> {
    return this.orders.find({ where: { id: LessThan(before) }, order: { id: 'DESC' }, take: limit })
  }

  /** Rejects with `NotFoundException`. */
  async find(id: number): Promise<Order> {
    const order = await this.orders.findOne({ where: { id }, relations: { items: true }, order: { items: { id: 'ASC' } } })
    if (order === null) throw new NotFoundException('There is no such order')
    return order
  }
}
