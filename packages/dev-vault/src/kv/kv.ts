import { VaultError } from '../http/respond'
import { rfc3339, type Time } from '../time'

/** One version of a secret. Texts are instants in RFC 3339, `''` for never. */
export interface KvVersion {
  data: Readonly<Record<string, unknown>> | null
  readonly createdTime: string
  deletionTime: string
  destroyed: boolean
}

/** A secret with its versions, from 1. */
export interface KvSecret {
  readonly versions: Map<number, KvVersion>
  readonly createdTime: string
  updatedTime: string
  currentVersion: number
  maxVersions: number
  casRequired: boolean
  customMetadata: Readonly<Record<string, string>> | null
}

/** Vault keeps ten versions unless it is told otherwise. */
const DEFAULT_MAX_VERSIONS = 10

/** The secrets of one versioned key/value mount. */
export class VersionedStore {
  readonly secrets = new Map<string, KvSecret>()
  readonly config = { maxVersions: 0, casRequired: false }
  readonly #time: Time

  constructor(time: Time) {
    this.#time = time
  }

  /** The secret, made without a version if there is none. */
  ensure(path: string): KvSecret {
    const known = this.secrets.get(path)
    if (known !== undefined) return known
    const now = rfc3339(this.#time.nowMs())
    const state = { currentVersion: 0, maxVersions: 0, casRequired: false, customMetadata: null }
    const secret: KvSecret = { versions: new Map(), createdTime: now, updatedTime: now, ...state }
    this.secrets.set(path, secret)
    return secret
  }

  /** Adds a version and forgets those beyond the limit. Throws 400 if `cas` is not the current version. */
  put(path: string, data: Readonly<Record<string, unknown>>, cas: number | undefined): [number, KvVersion] {
    const known = this.secrets.get(path)
    const needsCas = this.config.casRequired || known?.casRequired === true
    if (cas === undefined && needsCas) throw new VaultError(400, 'check-and-set parameter required for this call')
    if (cas !== undefined && cas !== (known?.currentVersion ?? 0))
      throw new VaultError(400, 'check-and-set parameter did not match the current version')
    const secret = this.ensure(path)
    const now = rfc3339(this.#time.nowMs())
    const version = { data, createdTime: now, deletionTime: '', destroyed: false }
    secret.currentVersion += 1
    secret.updatedTime = now
    secret.versions.set(secret.currentVersion, version)
    secret.versions.delete(secret.currentVersion - (secret.maxVersions || this.config.maxVersions || DEFAULT_MAX_VERSIONS))
    return [secret.currentVersion, version]
  }

  /** Marks versions as deleted; their data stays until they are destroyed. */
  delete(path: string, versions: readonly number[]): void {
    this.#each(path, versions, (version) => (version.deletionTime ||= rfc3339(this.#time.nowMs())))
  }

  undelete(path: string, versions: readonly number[]): void {
    this.#each(path, versions, (version) => (version.deletionTime = ''))
  }

  destroy(path: string, versions: readonly number[]): void {
    this.#each(path, versions, (version) => {
      version.destroyed = true
      version.data = null
    })
  }

  #each(path: string, versions: readonly number[], change: (version: KvVersion) => void): void {
    const secret = this.secrets.get(path)
    for (const number of versions) {
      const version = secret?.versions.get(number)
      if (version !== undefined && !version.destroyed) change(version)
    }
  }
}

/** The next level below a folder: names, and folders with `/`; sorted. */
export function keysBelow(paths: Iterable<string>, folder: string): string[] {
  const rests = [...paths].flatMap((path) => (path.startsWith(folder) ? [path.slice(folder.length)] : []))
  return [...new Set(rests.map((rest) => /^[^/]*\/?/.exec(rest)![0]))].sort()
}
