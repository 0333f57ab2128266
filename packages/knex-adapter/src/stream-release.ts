import type { KnexClient, Runner } from './knex-members'

/**
 * A stream of Knex gives its connection back twice: when its query has ended, and when the stream has closed
 * (`lib/execution/runner.js`, 3.0 to 3.3). In between tarn may have lent the connection to somebody else, who then shares it with a
 * third. Here the first return counts, and the second does nothing.
 */
export function releasingOnce(runner: Runner): Runner {
  const { stream, client } = runner
  runner.stream = (...args) => {
    runner.client = onceReleasing(client)
    return stream.apply(runner, args)
  }
  return runner
}

function onceReleasing(client: KnexClient): KnexClient {
  const borrowed = new Set<unknown>()
  return Object.create(client, {
    acquireConnection: {
      value: async () => {
        const connection = await client.acquireConnection()
        borrowed.add(connection)
        return connection
      },
    },
    releaseConnection: {
      value: (connection: unknown) => (borrowed.delete(connection) ? client.releaseConnection(connection) : Promise.resolve()),
    },
  }) as KnexClient
}
