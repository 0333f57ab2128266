// #region
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from './generated/client.ts'
// #endregion
import type { Items, Where } from '../../libraries/items'

export function openItems(credentials: LeasedCredentials, where: Where): Items {
  // #region
  const pool = new LeasedPool({ ...where, max: 4 }, credentials)
  const adapter = new PrismaPg(pool, { disposeExternalPool: true }) // `$disconnect` ends the pool
  // Prisma's own limits, of 2 s and 5 s unless told: whoever waits for a connection, or for a lock, needs more.
  const prisma = new PrismaClient({ adapter, transactionOptions: { maxWait: 30_000, timeout: 60_000 } })
  // #endregion
  return {
    label: async (id) => (await prisma.item.findUniqueOrThrow({ where: { id } })).label,
    copy: (id) =>
      prisma.$transaction(async (transaction) => {
        const [found] = await transaction.$queryRaw<{ label: string }[]>`SELECT label FROM item WHERE id = ${id} FOR UPDATE`
        await transaction.item.create({ data: { label: found!.label } })
      }),
    close: () => prisma.$disconnect(),
  }
}
