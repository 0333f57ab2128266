import * as given from './switch-arguments'
import type { ArmedFault, Fault } from './faults'
import type { DevVaultClock, DevVaultNodes, DevVaultSwitches } from '../handle'
import type { Running } from '../http/run'

/** What a test can do to a running server. */
export function switchesOf(running: Running): DevVaultSwitches & DevVaultNodes & { readonly clock: DevVaultClock } {
  const { context, cluster } = running
  const { vault, faults } = context
  const limits: ArmedFault[] = []
  const outage = (on: unknown = true): void => {
    given.flag('outage', on)
    for (const server of running.servers) server.outage(on)
  }
  const endLimits = (): void => limits.splice(0).forEach((limit) => limit.disarm())
  return {
    outage,
    seal: (on: unknown = true) => {
      given.flag('seal', on)
      vault.seal(on)
    },
    standby: (on: unknown = true) => {
      given.standby(on)
      if (on === false) cluster.lead()
      else cluster.follow(on === true ? undefined : on.leader)
    },
    latency: (delay) => {
      const { ms, path = /^/ } = given.delay(delay)
      context.latency = ms === 0 ? undefined : { ms, path }
    },
    failNext: (path, fault) => {
      given.path('failNext', path)
      given.fault(fault)
      return faults.arm(path, copyOf(fault))
    },
    rateLimit: (on) => {
      given.rateLimit(on)
      endLimits()
      if (on === false) return
      const headers = on === true ? {} : limitHeaders(on.retryAfterSeconds)
      const path = on === true ? undefined : on.path
      limits.push(faults.arm(path ?? NOT_EXEMPT, { status: 429, headers, times: Infinity }))
    },
    refuseRevocations: (times) => {
      given.times('refuseRevocations', times)
      vault.leases.refusals.next(times)
    },
    get faults() {
      return faults.all().filter((armed) => !limits.includes(armed))
    },
    clear: () => {
      limits.length = 0
      faults.clear()
      context.latency = undefined
      vault.leases.refusals.next(0)
      outage(false)
      vault.seal(false)
      cluster.lead()
    },
    ...nodesOf(running),
    get addresses() {
      return cluster.addresses
    },
    get leader() {
      return cluster.leader
    },
    clock: { nowMs: () => vault.time.nowMs(), advance: async (ms) => vault.time.advance(given.durationMs('clock.advance', ms)) },
  }
}

/** Vault's rate limits leave these paths alone. */
const NOT_EXEMPT = /^(?!sys\/(health|seal-status|unseal|generate-root|generate-recovery-token)(\/|$))/

/** What Vault adds if `enable_rate_limit_response_headers` is set. */
function limitHeaders(seconds: number): Record<string, string> {
  return {
    'Retry-After': `${seconds}`,
    'X-Ratelimit-Limit': '1',
    'X-Ratelimit-Remaining': '0',
    'X-Ratelimit-Reset': `${seconds}`,
  }
}

function nodesOf({ cluster }: Running): Pick<DevVaultNodes, 'changeLeader' | 'stopNode' | 'startNode'> {
  const leaderless = (call: string, { leaderlessMs = 0 } = {}): number => given.durationMs(`${call}.leaderlessMs`, leaderlessMs)
  return {
    changeLeader: async (index, options) => cluster.changeLeader(index, leaderless('changeLeader', options)),
    stopNode: async (index, options) => cluster.stop(index, leaderless('stopNode', options)),
    startNode: async (index) => cluster.start(index),
  }
}

/** A later change of the caller's object must not change what was checked. */
function copyOf(fault: Fault): Fault {
  return { ...fault, ...(fault.headers === undefined ? {} : { headers: { ...fault.headers } }) }
}
