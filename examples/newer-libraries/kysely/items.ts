import type { Generated, Kysely } from 'kysely'
import type { Items } from '../../libraries/items'

export interface Database {
  readonly item: { readonly id: Generated<number>; readonly label: string }
}

/** The same on both databases. `destroy` ends the leased pool as well. */
export function itemsOf(db: Kysely<Database>): Items {
  const byId = (on: Kysely<Database>, id: number) => on.selectFrom('item').selectAll().where('id', '=', id)
  return {
    label: async (id) => (await byId(db, id).executeTakeFirstOrThrow()).label,
    copy: (id) =>
      db.transaction().execute(async (transaction) => {
        const { label } = await byId(transaction, id).forUpdate().executeTakeFirstOrThrow()
        await transaction.insertInto('item').values({ label }).execute()
      }),
    close: () => db.destroy(),
  }
}
