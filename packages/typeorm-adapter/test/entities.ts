import type { EntitySchema as Schema } from 'typeorm'

export interface Item {
  id: number
  label: string
}

/** The table that each database of the tests has. The class is that of the TypeORM version in use. */
export function itemOf(EntitySchema: typeof Schema): Schema<Item> {
  return new EntitySchema<Item>({
    name: 'Item',
    tableName: 'item',
    columns: { id: { type: 'int', primary: true, generated: 'increment' }, label: { type: 'varchar', length: 100 } },
  })
}
