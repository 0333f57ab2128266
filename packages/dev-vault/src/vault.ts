import type { Clock } from '@leasepool/core'
import { AppRoles } from './auth/app-role'
import { appRoleRoutes } from './auth/app-role-routes'
import { cubbyholeRoutes } from './kv/cubbyhole-routes'
import { Entities } from './auth/entities'
import { KubernetesLogins } from './auth/kubernetes'
import { kubernetesRoutes } from './auth/kubernetes-routes'
import type { LoginContext } from './auth/login'
import { LOGIN_METHODS } from './auth/methods'
import { DatabaseEngine } from './database/database'
import { databaseRoutes } from './database/database-routes'
import { Events } from './events'
import { VersionedStore } from './kv/kv'
import { plainRoutes } from './kv/kv-plain-routes'
import { versionedRoutes } from './kv/kv-routes'
import { leaseRoutes } from './leases/lease-routes'
import { Leases } from './leases/leases'
import { type Backend, type MountReference, Mounts } from './system/mounts'
import type { PasswordPolicies } from './database/password-policy'
import { passwordPolicyRoutes } from './database/password-policy-routes'
import { Policies } from './policies/policies'
import type { Route } from './http/route'
import { systemRoutes } from './system/system-routes'
import { Time } from './time'
import { tokenRoutes } from './tokens/token-routes'
import { type Token, Tokens } from './tokens/tokens'
import { SYSTEM_TTL_SECONDS } from './tokens/ttl'

const SYSTEM_LIMITS = { defaultSeconds: SYSTEM_TTL_SECONDS, maxSeconds: SYSTEM_TTL_SECONDS }

/** The whole state of one server, without HTTP. */
export class Vault {
  readonly time: Time
  readonly events = new Events()
  readonly policies = new Policies()
  readonly passwordPolicies: PasswordPolicies = new Map()
  readonly mounts = new Mounts()
  readonly tokens: Tokens
  readonly leases: Leases
  readonly rootToken: Token
  /** What `sys/step-down` does; the cluster sets it. */
  onStepDown: () => void = () => undefined
  readonly #entities = new Entities()
  readonly #cleansUp: boolean
  #isSealed = false

  constructor(clock: Clock, rootTokenId: string | undefined, cleansUp = true) {
    this.#cleansUp = cleansUp
    this.time = new Time(clock)
    this.tokens = new Tokens(this.time, (token) => this.leases.endOwnedBy(token))
    this.leases = new Leases(this.time, this.tokens, this.events.tell)
    this.#mountBuiltIn()
    this.rootToken = this.#createRootToken(rootTokenId)
  }

  get isSealed(): boolean {
    return this.#isSealed
  }

  seal(isSealed: boolean): void {
    this.#isSealed = isSealed
    this.leases.pause(isSealed)
  }

  mountDatabase(path: string): DatabaseEngine {
    let engine: DatabaseEngine | undefined
    this.mounts.add(path, (mount) => this.#databaseBackend((engine = this.#databaseEngine(mount))))
    return engine!
  }

  mountAppRole(path: string): AppRoles {
    const appRoles = new AppRoles(this.time)
    this.mounts.add(path, (mount) => ({ type: 'approle', routes: appRoleRoutes(appRoles, this.#loginContext(mount)) }))
    return appRoles
  }

  mountKubernetes(path: string): KubernetesLogins {
    const logins = new KubernetesLogins()
    this.mounts.add(path, (mount) => ({ type: 'kubernetes', routes: kubernetesRoutes(logins, this.#loginContext(mount)) }))
    return logins
  }

  /** Drops all database users, stops all timers, closes all connections. Rejects, after doing all of that, if users were left. */
  async close(): Promise<void> {
    this.tokens.close()
    try {
      await this.leases.close()
    } finally {
      await Promise.all(this.mounts.all().map(async (mount) => mount.backend.close?.()))
    }
  }

  #parts(): { tokens: Tokens; policies: Policies; time: Time } {
    return { tokens: this.tokens, policies: this.policies, time: this.time }
  }

  /** What `vault server -dev` mounts. */
  #mountBuiltIn(): void {
    this.mounts.add('sys/', () => ({ type: 'system', routes: this.#systemRoutes() }), {
      description: 'system endpoints used for control, policy and debugging',
      sealWrap: true,
      passthroughHeaders: ['Accept'],
    })
    this.mounts.add(
      'auth/token/',
      (mount) => ({ type: 'token', routes: tokenRoutes({ ...this.#parts(), mountLimits: mount.limits }) }),
      { description: 'token based credentials' },
    )
    this.mounts.add('cubbyhole/', () => ({ type: 'cubbyhole', routes: cubbyholeRoutes() }), {
      description: 'per-token private secret storage',
      local: true,
    })
    this.mounts.add('identity/', () => ({ type: 'identity', routes: [] }), {
      description: 'identity store',
      passthroughHeaders: ['Authorization'],
    })
    this.mounts.add('secret/', this.#kvBackend('2'), {
      description: 'key/value secret storage',
      options: { version: '2' },
    })
  }

  #kvBackend(version: string | undefined): (mount: MountReference) => Backend {
    return (mount) => ({
      type: 'kv',
      routes: version === '2' ? versionedRoutes(new VersionedStore(this.time)) : plainRoutes(mount),
    })
  }

  #systemRoutes(): Route[] {
    const configuring = systemRoutes({
      ...this.#parts(),
      mounts: this.mounts,
      leases: this.leases,
      backendOf: (type, kind, options) => {
        if (kind === 'engine' && type === 'database') return (mount) => this.#databaseBackend(this.#databaseEngine(mount))
        if (kind === 'engine' && type === 'kv') return this.#kvBackend(options['version'])
        const routesOf = kind === 'auth' ? LOGIN_METHODS.get(type) : undefined
        return routesOf && ((mount) => ({ type, routes: routesOf(this.#loginContext(mount)) }))
      },
    })
    return [...leaseRoutes(this), ...passwordPolicyRoutes(this.passwordPolicies), ...configuring]
  }

  #databaseEngine(mount: MountReference): DatabaseEngine {
    const { leases, time, passwordPolicies } = this
    return new DatabaseEngine({ mount, leases, time, passwordPolicies, cleansUp: this.#cleansUp, isSealed: () => this.#isSealed })
  }

  #databaseBackend(engine: DatabaseEngine): Backend {
    return {
      type: 'database',
      routes: databaseRoutes(engine),
      describe: () => ({ connections: engine.connections.names(), roles: [...engine.roles.keys()].sort() }),
      close: () => engine.close(),
    }
  }

  #loginContext(mount: MountReference): LoginContext {
    return { tokens: this.tokens, entities: this.#entities, time: this.time, mount }
  }

  #createRootToken(id: string | undefined): Token {
    const { token } = this.tokens.create({
      ...(id === undefined ? {} : { id }),
      policies: ['root'],
      displayName: 'root',
      path: 'auth/token/root',
      limits: () => ({ defaultSeconds: 0, maxSeconds: 0 }),
      mountLimits: () => SYSTEM_LIMITS,
      endless: true,
    })
    return token
  }
}
