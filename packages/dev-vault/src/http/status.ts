import { randomUUID } from 'node:crypto'
import { type Answer, errorAnswer } from './respond'
import { rfc3339 } from '../time'

/** What a node knows of itself and of its leader. */
export interface NodeView {
  readonly isSealed: boolean
  /** One of several nodes. */
  readonly isHa: boolean
  readonly isActive: boolean
  /** Since when it is active, in ms since 1970. */
  readonly activeSinceMs: number
  /** Of the active node; absent while there is none. */
  readonly leaderAddress: string | undefined
}

const CLUSTER_ID = randomUUID()

/** The version whose behaviour this server follows. */
const VERSION = '1.21.0'

/** Go's zero time. */
const NEVER = '0001-01-01T00:00:00Z'

/**
 * Answers `sys/health`, `sys/seal-status`, `sys/leader` and reads of `sys/init`, which need no token, work while sealed and are never
 * forwarded; else `undefined`.
 */
export function statusAnswer(
  method: string,
  path: string,
  query: URLSearchParams,
  node: NodeView,
  nowMs: number,
): Answer | undefined {
  const isRead = method === 'GET' // of these only the health has a head
  switch (path) {
    case 'sys/health':
      return isRead || method === 'HEAD' ? health(query, node, nowMs) : errorAnswer(405, [])
    case 'sys/seal-status':
      return isRead ? json(200, sealStatus(node)) : errorAnswer(405, [])
    case 'sys/leader':
      return isRead ? json(200, leader(node)) : errorAnswer(405, [])
    case 'sys/init':
      return isRead ? json(200, { initialized: true }) : undefined
    default:
      return undefined
  }
}

function health(query: URLSearchParams, node: NodeView, nowMs: number): Answer {
  const text = healthCode(query, node)
  const status = Number(text)
  if (!/^\d{3}$/.test(text) || status < 200) return errorAnswer(400, [])
  const mode = node.isActive && !node.isSealed ? 'disabled' : 'unknown'
  return json(status, {
    initialized: true,
    sealed: node.isSealed,
    standby: node.isSealed || !node.isActive,
    performance_standby: false,
    replication_performance_mode: mode,
    replication_dr_mode: mode,
    server_time_utc: Math.floor(nowMs / 1000),
    version: VERSION,
    enterprise: false,
    ...clusterOf(node),
    echo_duration_ms: 0,
    clock_skew_ms: 0,
    replication_primary_canary_age_ms: 0,
  })
}

function healthCode(query: URLSearchParams, { isSealed, isActive }: NodeView): string {
  if (isSealed) return query.get('sealedcode') ?? '503'
  const isStandbyOk = /^(1|t|T|TRUE|true|True)$/.test(query.get('standbyok') ?? '')
  if (isActive || isStandbyOk) return query.get('activecode') ?? '200'
  return query.get('standbycode') ?? '429'
}

function sealStatus(node: NodeView): object {
  return {
    type: 'shamir',
    initialized: true,
    sealed: node.isSealed,
    t: 1,
    n: 1,
    progress: 0,
    nonce: '',
    version: VERSION,
    build_date: '',
    migration: false,
    ...clusterOf(node),
    recovery_seal: false,
    storage_type: node.isHa ? 'inmem_ha' : 'inmem',
  }
}

/** A sealed Vault does not know the name of its cluster. */
function clusterOf({ isSealed }: NodeView): object {
  return isSealed ? {} : { cluster_name: 'dev-vault', cluster_id: CLUSTER_ID }
}

function leader({ isHa, isActive, activeSinceMs, leaderAddress = '' }: NodeView): object {
  return {
    ha_enabled: isHa,
    is_self: isHa && isActive,
    active_time: isHa && isActive ? rfc3339(activeSinceMs) : NEVER,
    leader_address: isHa ? leaderAddress : '',
    leader_cluster_address: isHa ? clusterAddress(leaderAddress) : '',
    performance_standby: false,
    performance_standby_last_remote_wal: 0,
  }
}

/** Where nodes would talk to each other: always TLS, by custom one port further. Nobody listens there. */
function clusterAddress(address: string): string {
  if (address === '') return ''
  const { hostname, port } = new URL(address)
  return `https://${hostname}:${Number(port) + 1}`
}

function json(status: number, body: object): Answer {
  return { status, body: `${JSON.stringify(body)}\n` }
}
