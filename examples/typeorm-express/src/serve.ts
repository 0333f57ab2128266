import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Aborts at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}

/**
 * Serves until `stop`, and resolves when every request that came has its answer. First the service goes on for `delayMs`, not ready any more,
 * so that whoever balances the load stops sending, and every answer says that its connection ends: a connection that is closed on a
 * client just when that sends its next request would be a request lost.
 */
export async function serve(app: RequestListener, port: number, delayMs: number, stop: AbortSignal): Promise<void> {
  const underWay = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    if (stop.aborted) response.setHeader('Connection', 'close')
    app(request, response)
  })
  await once(server.listen(port), 'listening')
  console.log(`Serving on port ${port}`)

  if (!stop.aborted) await once(stop, 'abort')
  console.log('Stopping')
  for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close')
  await sleep(delayMs)
  server.close() // nobody new, and closes the connections that are idle
  await once(server, 'close')
}
