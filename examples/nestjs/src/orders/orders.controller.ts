import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common'
import { readId, readNewOrder, readPage } from './input'
import type { Order } from './order.entity'
import { OrdersService } from './orders.service'

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  async create(@Body() body: unknown): Promise<{ id: number }> {
    return { id: await this.orders.create(readNewOrder(body)) }
  }

  @Get()
  list(@Query('limit') limit?: string, @Query('before') before?: string): Promise<Order[]> {
    return this.orders.list(readPage(limit, before))
  }

  @Get(':id')
  find(@Param('id') id: string): Promise<Order> {
    return this.orders.find(readId(id))
  }
}
