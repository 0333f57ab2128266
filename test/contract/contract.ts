import { afterAll, beforeAll, describe, test } from 'vitest'
import { BEHAVIOURS } from './behaviours'
import { runBehaviour } from './scene'
import { startServer, type ContractServer, type ServerKind } from './server'
import { SUBJECTS } from './subjects'

/** All behaviours of all pools that serve this kind of server. */
export function contractOn(kind: ServerKind): void {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  for (const subject of SUBJECTS.filter(({ on }) => on.includes(kind))) {
    describe(`${subject.name} on ${kind}`, { concurrent: true }, () => {
      for (const behaviour of BEHAVIOURS.filter(({ where }) => where?.(subject, kind) ?? true)) {
        test(behaviour.name, () => runBehaviour(behaviour, subject, server))
      }
    })
  }
}
