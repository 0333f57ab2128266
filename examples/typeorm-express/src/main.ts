import { vaultCredentials } from '@leasepool/core'
import { closeDataSource } from '@leasepool/typeorm-adapter'
import { ordersApp } from './app'
import { readConfig } from './config'
import { ordersDataSource } from './database'
import { serve, stopSignal } from './serve'

/** What was opened last is closed first, whatever happens. Nothing is left then, and the process ends by itself. */
async function main(): Promise<void> {
  const { port, stopDelayMs, vault, rotateFraction, database } = readConfig(process.env)
  const stop = stopSignal()
  const { role, roleId, secretId } = vault
  const credentials = await vaultCredentials({ role, auth: { method: 'approle', roleId, secretId }, rotateFraction })
  credentials.on('rotated', ({ to, reason }) => console.log(`Database user number ${to} serves now (${reason})`))
  try {
    const dataSource = await ordersDataSource(database, credentials).initialize()
    try {
      await dataSource.runMigrations()
      await serve(ordersApp(dataSource, credentials, stop), port, stopDelayMs, stop)
    } finally {
      await closeDataSource(dataSource)
    }
  } finally {
    await credentials.close()
  }
  console.log('Stopped')
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
