import type { LeasedCredentials } from '@leasepool/core'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { DataSource } from 'typeorm'
import { readiness } from './health'
import { readId, readNewOrder, readPage } from './input'
import { createOrder, findOrder, listOrders } from './orders'

/** The routes. */
export function ordersApp(dataSource: DataSource, credentials: LeasedCredentials, stop: AbortSignal): Express {
  const app = express().disable('x-powered-by').use(express.json())

  app.post('/orders', async (request, response) => {
    const id = await createOrder(dataSource, readNewOrder(request.body))
    response.status(201).location(`/orders/${id}`).json({ id })
  })
  app.get('/orders', async (request, response) => {
    response.json(await listOrders(dataSource, readPage(request.query)))
  })
  app.get('/orders/:id', async (request, response) => {
    const id = readId(request.params.id)
    const order = id === undefined ? undefined : await findOrder(dataSource, id)
    if (order === undefined) response.status(404).json({ error: 'There is no such order' })
    else response.json(order)
  })

  // Liveness: it answers at all. A new process would not bring a database or a Vault back that is away.
  app.get('/healthz', (_, response) => void response.json({ alive: true }))
  // A table of ours: PostgreSQL answers a bare SELECT 1 even to a user that is dropped.
  const ready = readiness(credentials, () => dataSource.query('SELECT 1 FROM orders LIMIT 1'), stop)
  app.get('/readyz', async (_, response) => {
    const state = await ready()
    response.status(state.ready ? 200 : 503).json(state)
  })
  return app.use(answerError)
}

/** Four parameters make it Express's handler of errors. */
const answerError: ErrorRequestHandler = (error: Error & { status?: number }, _request, response, next) => {
  const { status = 500, message } = error
  if (status >= 500) console.error(error)
  if (response.headersSent) return next(error)
  response.status(status).json({ error: status < 500 ? message : 'Something went wrong' })
}
