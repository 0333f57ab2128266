// #region
import fastifyPostgres from '@fastify/postgres'
import type { LeasedCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import fastify from 'fastify'
import pg from 'pg'
// #endregion
import type { Items, Where } from '../items'

type ById = { Params: { id: number } }

export async function openItems(credentials: LeasedCredentials, where: Where): Promise<Items> {
  const app = fastify()
  // #region
  class Pool extends LeasedPool {
    constructor(options: pg.PoolConfig) {
      super(options, credentials)
    }
  }
  await app.register(fastifyPostgres, { ...where, max: 4, pg: { ...pg, Pool: Pool as unknown as typeof pg.Pool } })
  // #endregion
  app.get<ById>('/items/:id', async ({ params: { id } }) => {
    const { rows } = await app.pg.query<{ label: string }>('SELECT label FROM item WHERE id = $1', [id])
    return rows[0]
  })
  app.post<ById>('/items/:id/copies', { pg: { transact: true } }, async ({ params: { id }, pg: transaction }) => {
    await transaction!.query('SELECT 1 FROM item WHERE id = $1 FOR UPDATE', [id])
    await transaction!.query('INSERT INTO item (label) SELECT label FROM item WHERE id = $1', [id])
    return {}
  })
  const ask = async (method: 'GET' | 'POST', url: string): Promise<Record<string, unknown>> => {
    const { statusCode, body } = await app.inject({ method, url })
    if (statusCode !== 200) throw new Error(body)
    return JSON.parse(body) as Record<string, unknown>
  }
  return {
    label: async (id) => String((await ask('GET', `/items/${id}`))['label']),
    copy: async (id) => void (await ask('POST', `/items/${id}/copies`)),
    close: () => app.close(),
  }
}
