import { renderedFileCredentials } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromAgent } from '../../examples/rendered-files/agent'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { describeWithVault } from '../support/describe-with-vault'
import { poll } from '../support/poll'
import { startVaultAgent } from '../support/vault-agent'

describeWithVault('a file that Vault Agent renders', () => {
  let bed: TestBed
  let others: NodeJS.SignalsListener[]
  const ignore = (): void => undefined
  beforeAll(async () => {
    bed = await startTestBed({ defaultTtl: '4s', maxTtl: '8s' })
    // The database server of the tests ends with a process that gets the signal; without any listener the process ends itself.
    others = process.listeners('SIGHUP')
    process.removeAllListeners('SIGHUP').on('SIGHUP', ignore)
  })
  afterAll(async () => {
    process.removeListener('SIGHUP', ignore)
    for (const listener of others) process.on('SIGHUP', listener)
    await bed.stop()
  })

  test.concurrent.each([
    ['without a signal', false],
    ['with SIGHUP', true],
  ])('is followed %s, rotation by rotation, and no query fails', { timeout: 240_000 }, async (_, reloadOnSighup) => {
    const agent = startVaultAgent({
      address: bed.vault.address,
      login: bed.login,
      ...(reloadOnSighup && { hangUp: process.pid }),
    })
    const credentials = await (reloadOnSighup
      ? fromAgent(agent.path)
      : renderedFileCredentials({ path: agent.path, format: 'json' }))
    const log = logEvents(credentials)
    const pool = new LeasedPool({ host: bed.database.host, port: bed.database.port, database: 'app', max: 3 }, credentials)
    const failures: unknown[] = []
    let isOver = false
    let answered = 0
    const caller = async (): Promise<void> => {
      while (!isOver) {
        await pool.query('SELECT count(*) FROM item WHERE id = $1', [answered % 1000]).then(
          () => (answered += 1),
          (error: unknown) => failures.push(error),
        )
      }
    }
    const callers = Array.from({ length: 6 }, caller)
    await poll(
      'ten rotations',
      () => log.of('rotated').length,
      (count) => count >= 10,
      200_000,
    )
    isOver = true
    await Promise.all(callers)
    expect(failures).toEqual([])
    expect(answered).toBeGreaterThan(1_000)
    const rotated = log.of('rotated')
    expect(new Set(rotated.map(({ reason }) => reason))).toEqual(new Set(['source-changed']))
    expect(new Set(rotated.map(({ username }) => username)).size).toBe(rotated.length) // once for each user
    await pool.end()
    await agent.stop()
    await credentials.close()
  })
})
