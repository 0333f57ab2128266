import { afterAll, beforeAll, describe, test } from 'vitest'
import type { ContractColumn } from '../support/contract-column'
import { BEHAVIOURS } from './behaviours'
import { runBehaviour, whyNot } from './scene'
import { startServer, type ContractServer, type ServerKind } from './server'
import { SUBJECTS } from './subjects'
import type { Subject } from './subjects/subject'

/** All behaviours of all pools that serve this kind of server. */
export function contractOn(kind: ServerKind): void {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  for (const subject of SUBJECTS.filter(({ on }) => on.includes(kind))) {
    const contract: ContractColumn = { subject: subject.name, server: kind, not: reasonsNot(subject, kind) }
    describe(`${subject.name} on ${kind}`, { concurrent: true, meta: { contract } }, () => {
      for (const behaviour of BEHAVIOURS.filter(({ name }) => !(name in contract.not))) {
        test(behaviour.name, () => runBehaviour(behaviour, subject, server))
      }
    })
  }
}

function reasonsNot(subject: Subject, kind: ServerKind): Record<string, string> {
  const reasons = BEHAVIOURS.map((behaviour) => [behaviour.name, whyNot(behaviour, subject, kind)] as const)
  return Object.fromEntries(reasons.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
