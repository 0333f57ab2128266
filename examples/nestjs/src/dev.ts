import { startServers } from '@leasepool/example-servers'

/** What `npm start` runs: a database and a Vault for this machine, and then the service, which knows nothing of them. */
async function develop(): Promise<void> {
  Object.assign(process.env, await startServers())
  await import('./main.js')
}

develop().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
