import { Controller, Get, Inject } from '@nestjs/common'
import type { Knex } from 'knex'
import { KNEX } from './knex'

@Controller('reports')
export class ReportsController {
  constructor(@Inject(KNEX) private readonly knex: Knex) {}

  /** What was ordered most. */
  @Get('products')
  products(): Promise<object[]> {
    return this.knex('order_items')
      .select('product')
      .sum('quantity as quantity')
      .groupBy('product')
      .orderBy('quantity', 'desc')
      .limit(10)
  }
}
