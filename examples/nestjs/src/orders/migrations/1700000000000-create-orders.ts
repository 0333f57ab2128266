import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm'

const ID: TableColumnOptions = { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' }

export class CreateOrders1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({ name: 'orders', columns: [ID, { name: 'customer', type: 'varchar', length: '100' }] }),
    )
    await queryRunner.createTable(
      new Table({
        name: 'order_items',
        columns: [
          ID,
          { name: 'order_id', type: 'int' },
          { name: 'product', type: 'varchar', length: '100' },
          { name: 'quantity', type: 'int' },
        ],
        foreignKeys: [{ columnNames: ['order_id'], referencedTableName: 'orders', referencedColumnNames: ['id'] }],
        indices: [{ columnNames: ['order_id'] }],
      }),
    )
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('order_items')
    await queryRunner.dropTable('orders')
  }
}
