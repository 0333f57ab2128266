import type { Knex } from 'knex'

export async function up(db: Knex): Promise<void> {
  await db.schema.createTable('orders', (table) => {
    table.increments('id')
    table.string('customer', 100).notNullable()
  })
  await db.schema.createTable('order_items', (table) => {
    table.increments('id')
    table.integer('order_id').unsigned().notNullable().references('orders.id').index()
    table.string('product', 100).notNullable()
    table.integer('quantity').notNullable()
  })
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('order_items')
  await db.schema.dropTable('orders')
}
