import { Column, Entity, JoinColumn, ManyToOne, OneToMany, PrimaryGeneratedColumn, type Relation } from 'typeorm'

@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 100 })
  customer!: string

  @OneToMany(() => OrderItem, (item) => item.order)
  items!: OrderItem[]
}

@Entity('order_items')
export class OrderItem {
  @PrimaryGeneratedColumn()
  id!: number

  @ManyToOne(() => Order, (order) => order.items, { nullable: false })
  @JoinColumn({ name: 'order_id' })
  order!: Relation<Order>

  @Column({ type: 'varchar', length: 100 })
  product!: string

  @Column({ type: 'int' })
  quantity!: number
}
