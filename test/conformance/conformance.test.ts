import { afterAll, beforeAll, describe, test } from 'vitest'
import type { VaultServer } from '../support/vault-server'
import { serverKinds, startVaultServers } from '../support/vault-server'
import { type Bed, startBeds } from './bed'
import type { Case, ServerKind } from './case'
import { CASES } from './cases/index'
import { KNOWN } from './known'
import { runSteps } from './steps'
import { Outcomes } from './table'

/**
 * One table of cases for dev-vault (`npm test`) and for a real Vault or OpenBao beside it (`npm run test:vault`). Where a real server
 * answers otherwise than a case says, the case is wrong.
 */
const KINDS = serverKinds()
const outcomes = new Outcomes()
let servers: VaultServer[]
let beds: Bed[]
let stop: () => Promise<void>

beforeAll(async () => {
  servers = await startVaultServers()
  ;({ beds, stop } = await startBeds(servers))
})

afterAll(async () => {
  console.log(outcomes.table(CASES, KINDS))
  await stop()
})

for (const kind of KINDS) {
  describe.concurrent(kind, () => {
    for (const one of CASES) {
      if (one.servers?.includes(kind) === false) test.skip(`${one.id} ${one.name} (only ${one.servers.join(', ')})`)
      else test(`${one.id} ${one.name}`, () => judge(one, kind))
    }
  })
}

async function judge(one: Case, kind: ServerKind): Promise<void> {
  const known = kind === 'dev-vault' ? KNOWN[one.id] : undefined
  try {
    await run(
      one,
      beds.find((bed) => bed.kind === kind)!,
    )
  } catch (error) {
    outcomes.set(one.id, kind, known === undefined ? 'differs' : 'differs (known)')
    if (known === undefined) throw error
    return
  }
  outcomes.set(one.id, kind, 'ok')
  if (known === undefined) return
  const text = `Case ${one.id} is in known.ts and does not differ any more: remove it there`
  if (KINDS.length > 1) throw new Error(text)
  console.warn(text)
}

function run(one: Case, bed: Bed): Promise<void> {
  if ('story' in one) return one.story(bed)
  const { root, fixture } = bed
  return runSteps(bed.send, one.steps, { root, app: fixture.appToken, min: fixture.minToken })
}
