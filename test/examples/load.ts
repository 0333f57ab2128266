import autocannon from 'autocannon'
import { setTimeout as sleep } from 'node:timers/promises'
import { poll } from '../support/poll'
import { ask, codeOf, ORDER, type Service } from './service'

const CLIENTS = 16

/** Makes, lists and finds orders as fast as it can, on 16 connections, until `isEnough`, and gets `more`. Resolves with what came back. */
export async function load(
  { url }: Service,
  seconds: number,
  isEnough: () => boolean,
  more: readonly string[] = [],
): Promise<autocannon.Result> {
  const headers = { 'Content-Type': 'application/json' }
  const requests: autocannon.Request[] = [
    { method: 'POST', path: '/orders', headers, body: JSON.stringify(ORDER) },
    { method: 'GET', path: '/orders?limit=10' },
    { method: 'GET', path: '/orders?limit=10&before=50' },
    { method: 'GET', path: '/orders/1' },
    ...more.map((path) => ({ method: 'GET' as const, path })),
  ]
  let cannon: autocannon.Instance | undefined
  const result = new Promise<autocannon.Result>((resolve, reject) => {
    const options = { url, connections: CLIENTS, duration: 10 * seconds, requests }
    cannon = autocannon(options, (error: Error | null, done) => (error ? reject(error) : resolve(done)))
  })
  await sleep(1_000 * seconds)
  await poll('the load has lasted long enough', isEnough, (enough) => enough, 5_000 * seconds).finally(() => cannon!.stop())
  return result
}

/** Requests that are sent and answered until nobody sends any more. */
export interface Outcomes {
  /** How many there are so far. */
  answers(): number
  /** How many by status, or by the code of the error. Resolves when all that was sent is answered. */
  readonly all: Promise<Readonly<Record<string, number>>>
}

/**
 * Sixteen clients behind a load balancer, which asks the service again and again whether it is ready, and sends it nothing more once it is
 * not.
 */
export function loadUntilNotReady(service: Service): Outcomes {
  const outcomes: string[] = []
  let isReady = true
  const balance = async (): Promise<void> => {
    while (isReady) {
      isReady = await ask(service, '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      )
      await sleep(20)
    }
  }
  const client = async (number: number): Promise<void> => {
    for (let sent = number; isReady; sent++) {
      const answer = sent % 2 === 0 ? ask(service, '/orders', ORDER) : ask(service, '/orders')
      const outcome = await answer.then(({ status }) => String(status), codeOf)
      if (outcome === 'ECONNREFUSED')
        isReady = false // nobody took it, and the load balancer was too slow to see it first
      else outcomes.push(outcome)
    }
  }
  const all = Promise.all([balance(), ...Array.from({ length: CLIENTS }, (_, number) => client(number))])
  return { answers: () => outcomes.length, all: all.then(() => counted(outcomes)) }
}

function counted(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}
