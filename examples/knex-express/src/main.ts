import { vaultCredentials } from '@leasepool/core'
import { ordersApp } from './app'
import { readConfig } from './config'
import { openDatabase } from './database'
import { serve, stopSignal } from './serve'

/** What was opened last is closed first, whatever happens. Nothing is left then, and the process ends by itself. */
async function main(): Promise<void> {
  const { port, stopDelayMs, vault, rotateFraction, database } = readConfig(process.env)
  const stop = stopSignal()
  const { role, roleId, secretId } = vault
  const credentials = await vaultCredentials({ role, auth: { method: 'approle', roleId, secretId }, rotateFraction })
  credentials.on('rotated', ({ to, reason }) => console.log(`Database user number ${to} serves now (${reason})`))
  try {
    const db = openDatabase(database, credentials)
    try {
      await db.migrate.latest()
      await serve(ordersApp(db, credentials, stop), port, stopDelayMs, stop)
    } finally {
      await db.destroy()
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
