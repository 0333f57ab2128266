import { randomBytes, randomUUID } from 'node:crypto'
import { DEFAULT_LOCKOUT, type LockoutSettings } from '../auth/lockout'
import type { Route } from '../http/route'
import { VaultError } from '../http/respond'
import { type MountLimits, SYSTEM_TTL_SECONDS } from '../tokens/ttl'

/** An engine or login method, mounted somewhere. */
export interface Backend {
  /** As in `sys/mounts` and in the envelope's `mount_type`. */
  readonly type: string
  readonly routes: readonly Route[]
  /** What it has been told, for tests to look at: names only. */
  describe?(): { readonly connections: readonly string[]; readonly roles: readonly string[] }
  /** Releases what it holds. */
  close?(): Promise<void>
}

/** What an operator may say about a mount. Durations in seconds, 0 for the system's. */
export interface MountSettings {
  readonly defaultSeconds: number
  readonly maxSeconds: number
  readonly description: string
  readonly options: Readonly<Record<string, string>> | null
  readonly local: boolean
  readonly sealWrap: boolean
  /** Headers that reach the backend; only shown. */
  readonly passthroughHeaders?: readonly string[]
  /** Login methods only. */
  readonly tokenType?: string
  readonly listingVisibility?: string
}

const NO_SETTINGS: MountSettings = {
  defaultSeconds: 0,
  maxSeconds: 0,
  description: '',
  options: null,
  local: false,
  sealWrap: false,
}

/** One place in the tree. It can be tuned while it is mounted. */
export interface Mount {
  /** With trailing `/`, for example `database/` or `auth/approle/`. A move changes it. */
  path: string
  readonly accessor: string
  readonly uuid: string
  readonly backend: Backend
  settings: MountSettings
  /** Only login methods that count failures read it. */
  lockout: LockoutSettings
}

/** Which backend answers which path. */
export class Mounts {
  readonly #mounts = new Map<string, Mount>()

  /** Mounts a backend. Throws 400 if the path is taken or lies below or above another mount. */
  add(path: string, createBackend: (mount: MountReference) => Backend, settings: Partial<MountSettings> = {}): Mount {
    const taken = this.conflicting(path)
    if (taken !== undefined) throw new VaultError(400, `path is already in use at ${taken.path.replace(/^auth\//, '')}`)
    const reference: MountReference = {
      path: () => mount.path,
      limits: () => limitsOf(mount.settings),
      lockout: () => mount.lockout,
    }
    const backend = createBackend(reference)
    const accessor = `${path.startsWith('auth/') ? 'auth_' : ''}${backend.type}_${randomBytes(4).toString('hex')}`
    const mount: Mount = {
      ...{ path, accessor, uuid: randomUUID(), backend },
      settings: { ...NO_SETTINGS, ...settings },
      lockout: DEFAULT_LOCKOUT,
    }
    this.#mounts.set(path, mount)
    return mount
  }

  get(path: string): Mount | undefined {
    return this.#mounts.get(path)
  }

  /** A path that names a mount without its slash, with it; any other as it is. */
  completed(path: string): string {
    return this.#mounts.has(`${path}/`) ? `${path}/` : path
  }

  /** The mount that answers `path`. */
  find(path: string): Mount | undefined {
    return [...this.#mounts.values()].find((mount) => path.startsWith(mount.path))
  }

  /** The mount that is at `path`, or above or below it. */
  conflicting(path: string): Mount | undefined {
    return this.all().find((mount) => mount.path.startsWith(path) || path.startsWith(mount.path))
  }

  /** Puts a mount at a free path, with all that its backend holds. */
  move(mount: Mount, path: string): void {
    this.#mounts.delete(mount.path)
    mount.path = path
    this.#mounts.set(path, mount)
  }

  all(): Mount[] {
    return [...this.#mounts.values()]
  }

  /** Forgets a mount; closing its backend is up to the caller. */
  remove(path: string): Mount | undefined {
    const mount = this.#mounts.get(path)
    this.#mounts.delete(path)
    return mount
  }
}

/** The system's limits stand in for those that a mount does not set. */
export function limitsOf({ defaultSeconds, maxSeconds }: MountSettings): MountLimits {
  return {
    defaultSeconds: defaultSeconds > 0 ? defaultSeconds : SYSTEM_TTL_SECONDS,
    maxSeconds: maxSeconds > 0 ? maxSeconds : SYSTEM_TTL_SECONDS,
  }
}

/** What a backend knows of its own mount. */
export interface MountReference {
  /** Where it is now: a mount can be moved. */
  readonly path: () => string
  readonly limits: () => MountLimits
  readonly lockout: () => LockoutSettings
}
