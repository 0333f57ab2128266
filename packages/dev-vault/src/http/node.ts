import type { Cluster } from './cluster'
import { usualErrors, type Fault, type Faults, pathMatches } from '../switches/faults'
import { jsonProblem } from './json-limits'
import { loggedPath, type LoggedRequest, logRequest } from './request-log'
import { isListValue, isPrintable, parseQuery } from './incoming'
import { answerRequest } from './requests'
import { type Answer, errorAnswer } from './respond'
import type { ReceivedRequest } from './server'
import { type NodeView, statusAnswer } from './status'
import type { Vault } from '../vault'

/** What the nodes of one server share. */
export interface NodeContext {
  readonly vault: Vault
  readonly faults: Faults
  readonly log: LoggedRequest[]
  /** Known once all nodes listen. */
  cluster: Cluster | undefined
  latency: { readonly ms: number; readonly path: string | RegExp } | undefined
  /** Whether standbys hand requests on themselves, or send the client to the active node. */
  readonly forwards: boolean
}

/** Serves one request at the node with this index: delay, fault, answer, log. */
export async function serve(context: NodeContext, index: number, request: ReceivedRequest): Promise<Answer | 'cut'> {
  const { vault, log } = context
  const path = pathOf(request.url)
  const timeMs = Math.round(vault.time.nowMs())
  const accessor = vault.tokens.find(request.token)?.accessor
  const named = leaseNamed(vault, request, path)
  const outcome = await faulty(context, index, request, path)
  const leaseId = named ?? leaseMade(vault, outcome)
  const role = /\/(?:static-)?creds\/([^/]+)$/.exec(path)?.[1]
  const { method } = request
  const shown = { method, path: loggedPath(request.url), status: outcome === 'cut' ? 0 : outcome.status }
  logRequest(log, {
    timeMs,
    ...shown,
    ...(accessor === undefined ? {} : { accessor }),
    ...(role === undefined ? {} : { role }),
    ...(leaseId === undefined ? {} : { leaseId }),
  })
  vault.events.tell({ type: 'answered', ...shown })
  return outcome
}

async function faulty(context: NodeContext, index: number, request: ReceivedRequest, path: string): Promise<Answer | 'cut'> {
  // Nobody waits for it any more, and nothing has been done yet.
  if (await delay(context, request, path)) return 'cut'
  const armed = context.faults.take(path)
  if (armed === undefined) return answer(context, index, request, path)
  const { fault } = armed
  if (fault.hang) await armed.hold(request.onGone)
  if (request.isGone() || fault.reset === 'before') return 'cut'
  if (fault.status !== undefined) return faultAnswer(fault, fault.status, path)
  const done = await answer(context, index, request, path)
  return fault.reset === 'after' ? 'cut' : done
}

/** True if the client hung up meanwhile. */
async function delay({ vault, latency }: NodeContext, { onGone, isGone }: ReceivedRequest, path: string): Promise<boolean> {
  if (latency === undefined || !pathMatches(latency.path, path)) return false
  const { promise, resolve } = deferred()
  const alarm = vault.time.alarm(vault.time.nowMs() + latency.ms, resolve)
  const stopListening = onGone(resolve)
  await promise
  // A connection lives longer than its requests: it must not collect what they listened with.
  stopListening()
  alarm.cancel()
  return isGone()
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve: () => resolve() }
}

/** In Vault's order: the characters of the path, the limits of bodies, the status paths, the seal, the standby. */
async function answer(context: NodeContext, index: number, request: ReceivedRequest, path: string): Promise<Answer> {
  const { vault } = context
  if (!isPrintable(request.url)) return { status: 400 }
  const query = parseQuery(request.url)
  if (request.method === 'GET' && !isListValue(query)) return errorAnswer(400, [])
  const problem = jsonProblem(request.body)
  if (problem !== undefined) return errorAnswer(500, [problem])
  const node = context.cluster!.view(index, vault.isSealed)
  const status = statusAnswer(request.method, path, query, node, vault.time.nowMs())
  if (status !== undefined) return status
  const redirect = vault.isSealed || node.isActive ? undefined : standbyAnswer(context, node, request)
  return redirect ?? answerRequest(vault, request)
}

/** `undefined`: the standby hands the request on, which is to answer it, since all nodes share one state. */
function standbyAnswer(context: NodeContext, { leaderAddress }: NodeView, request: ReceivedRequest): Answer | undefined {
  if (!request.url.startsWith('/v1/')) return undefined
  if (leaderAddress === undefined) return errorAnswer(500, ['local node not active but active cluster node not found'])
  const isOurs = context.cluster!.leader !== undefined
  if (isOurs && context.forwards && !request.header('x-vault-no-request-forwarding')) return undefined
  return { status: 307, headers: { Location: `${leaderAddress.replace(/\/+$/, '')}${request.url}` } }
}

function faultAnswer({ errors, body, headers = {} }: Fault, status: number, path: string): Answer {
  if (typeof body === 'string') return { status, body, headers }
  if (body !== undefined) return { status, body: `${JSON.stringify(body)}\n`, headers }
  return { ...errorAnswer(status, errors ?? usualErrors(status, path)), headers }
}

/** Without `/v1/` and query; as it was sent if it cannot be decoded. */
function pathOf(url: string): string {
  const path = url.split('?')[0]!.replace(/^\/v1\//, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** The lease that a request is about, if there is such a lease: anything else that was sent in its place may be a secret. */
function leaseNamed({ leases }: Vault, { body }: ReceivedRequest, path: string): string | undefined {
  const inPath = path.replace(/^sys\/(?:leases\/)?(?:renew|revoke)\//, '')
  const inBody = /"lease_id"\s*:\s*"([^"\\]+)"/.exec(body)?.[1] ?? ''
  return [inPath, inBody].find((id) => leases.get(id) !== undefined)
}

function leaseMade({ leases }: Vault, outcome: Answer | 'cut'): string | undefined {
  const id = outcome === 'cut' ? undefined : /"lease_id":"([^"]+)"/.exec(outcome.body ?? '')?.[1]
  return id !== undefined && leases.get(id) !== undefined ? id : undefined
}
