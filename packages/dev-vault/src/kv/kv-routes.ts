import { Fields, type FieldSchema } from '../http/fields'
import { keysBelow, type KvSecret, type KvVersion, type VersionedStore } from './kv'
import { type Reply, VaultError } from '../http/respond'
import type { Handler, Route, VaultRequest } from '../http/route'

const DATA_FIELDS: FieldSchema = { path: 'string', data: 'map', options: 'map', version: 'integer' }
const METADATA_FIELDS: FieldSchema = {
  path: 'string',
  cas_required: 'boolean',
  max_versions: 'integer',
  delete_version_after: 'seconds',
  custom_metadata: 'map',
}

/** The routes of a versioned key/value mount: data, metadata, delete, undelete, destroy, config. */
export function versionedRoutes(store: VersionedStore): Route[] {
  const path = (request: VaultRequest): string => request.params[0]!
  const change = (verb: 'delete' | 'undelete' | 'destroy'): Route => ({
    pattern: new RegExp(`^${verb}/(?<path>.+)$`),
    fields: { path: 'string', versions: 'integers' },
    update: (request) => store[verb](path(request), versionsOf(request.fields)),
  })
  return [
    {
      pattern: /^data\/(?<path>.*[^/])$/,
      fields: DATA_FIELDS,
      exists: (params) => store.secrets.has(params[0]!),
      read: (request) => read(store.secrets.get(path(request)), request.fields.integer('version') ?? 0),
      update: (request) => write(store, path(request), request.fields),
      patch: (request) => patch(store, path(request), request.fields),
      delete: (request) => store.delete(path(request), [store.secrets.get(path(request))?.currentVersion ?? 0]),
    },
    {
      pattern: /^metadata\/(?<path>.*\/)?$/,
      fields: { path: 'string' },
      list: (request) => list(store, path(request)),
      read: () => undefined,
      delete: () => undefined,
    },
    {
      pattern: /^metadata\/(?<path>.+)$/,
      fields: METADATA_FIELDS,
      exists: (params) => store.secrets.has(params[0]!),
      read: (request) => describeSecret(store.secrets.get(path(request))),
      update: (request) => writeMetadata(store, path(request), request.fields),
      patch: (request) => {
        if (!store.secrets.has(path(request))) return { status: 404 }
        return writeMetadata(store, path(request), request.fields)
      },
      delete: (request) => void store.secrets.delete(path(request)),
    },
    change('delete'),
    change('undelete'),
    change('destroy'),
    {
      pattern: /^config$/,
      fields: { max_versions: 'integer', cas_required: 'boolean', delete_version_after: 'seconds' },
      read: () => ({
        data: { cas_required: store.config.casRequired, delete_version_after: '0s', max_versions: store.config.maxVersions },
      }),
      update: ({ fields }) => {
        store.config.maxVersions = fields.integer('max_versions') ?? store.config.maxVersions
        store.config.casRequired = fields.boolean('cas_required') ?? store.config.casRequired
      },
    },
    {
      pattern: /^.*$/,
      read: misplaced('get'),
      list: misplaced('list'),
      update: misplaced('put'),
      patch: misplaced('patch'),
      delete: misplaced('delete'),
    },
  ]
}

const ROOT = 'Non-listing operations on the root of a K/V v2 mount are not supported.'

/** Vault's hint to who uses the paths of the older engine. */
function misplaced(verb: string): Handler {
  const hint = 'See the API docs for the appropriate API endpoints to use.'
  const text = `Invalid path for a versioned K/V secrets engine. ${hint} If using the Vault CLI, use 'vault kv ${verb}' for this operation.`
  return ({ path, mount }) => {
    const isRoot = /^(metadata|data|delete|undelete|destroy)$/.test(path.slice(mount.length))
    return { status: 404, warnings: [isRoot ? ROOT : text], withoutMountType: true }
  }
}

function read(secret: KvSecret | undefined, asked: number): Reply | undefined {
  const number = asked === 0 ? (secret?.currentVersion ?? 0) : asked
  const version = secret?.versions.get(number)
  if (secret === undefined || version === undefined) return undefined
  const isGone = version.destroyed || version.deletionTime !== ''
  const data = { data: isGone ? null : version.data, metadata: describeVersion(secret, number, version) }
  return isGone ? { status: 404, data, withoutMountType: true } : { data }
}

function write(store: VersionedStore, path: string, fields: Fields): Reply {
  if (!fields.has('data')) throw new VaultError(400, 'no data provided')
  const [number, version] = store.put(path, fields.map('data') ?? {}, casOf(fields))
  return { data: describeVersion(store.secrets.get(path)!, number, version) }
}

function patch(store: VersionedStore, path: string, fields: Fields): Reply {
  if (!fields.has('data')) throw new VaultError(400, 'no data provided')
  const secret = store.secrets.get(path)
  const version = secret?.versions.get(secret.currentVersion)
  if (secret === undefined || version === undefined) return { status: 404 }
  if (version.destroyed || version.deletionTime !== '') {
    return { status: 404, data: describeVersion(secret, secret.currentVersion, version), withoutMountType: true }
  }
  const [number, added] = store.put(path, merged(version.data ?? {}, fields.map('data') ?? {}), casOf(fields))
  return { data: describeVersion(secret, number, added) }
}

/** A JSON merge patch (RFC 7396): `null` removes. */
function merged(target: Readonly<Record<string, unknown>>, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result = new Map(Object.entries(target))
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) result.delete(key)
    else if (isRecord(value)) result.set(key, merged(recordOr(result.get(key)), value))
    else result.set(key, value)
  }
  return Object.fromEntries(result)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function recordOr(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

function casOf(fields: Fields): number | undefined {
  const cas = (fields.map('options') ?? {})['cas'] ?? undefined
  if (cas === undefined) return undefined
  const number = typeof cas === 'string' && /^\d+$/.test(cas) ? Number(cas) : cas
  if (typeof number !== 'number' || !Number.isInteger(number)) throw new VaultError(400, 'error parsing check-and-set parameter')
  return number
}

function versionsOf(fields: Fields): number[] {
  const versions = fields.integers('versions') ?? []
  if (versions.length === 0) throw new VaultError(400, 'No version number provided')
  return versions
}

function list(store: VersionedStore, folder: string): Reply {
  return { data: { keys: keysBelow(store.secrets.keys(), folder) } }
}

/** A write that says nothing makes nothing. */
function writeMetadata(store: VersionedStore, path: string, fields: Fields): void {
  if (!Object.keys(METADATA_FIELDS).some((name) => name !== 'path' && fields.has(name))) return
  const secret = store.ensure(path)
  secret.maxVersions = fields.integer('max_versions') ?? secret.maxVersions
  secret.casRequired = fields.boolean('cas_required') ?? secret.casRequired
  secret.customMetadata = fields.stringMap('custom_metadata') ?? secret.customMetadata
}

function describeVersion(secret: KvSecret, number: number, version: KvVersion): Record<string, unknown> {
  return {
    created_time: version.createdTime,
    custom_metadata: secret.customMetadata,
    deletion_time: version.deletionTime,
    destroyed: version.destroyed,
    version: number,
  }
}

function describeSecret(secret: KvSecret | undefined): Reply | undefined {
  if (secret === undefined) return undefined
  const versions = [...secret.versions].map(([number, { createdTime, deletionTime, destroyed }]) => [
    String(number),
    { created_time: createdTime, deletion_time: deletionTime, destroyed },
  ])
  return {
    data: {
      cas_required: secret.casRequired,
      created_time: secret.createdTime,
      current_version: secret.currentVersion,
      custom_metadata: secret.customMetadata,
      delete_version_after: '0s',
      max_versions: secret.maxVersions,
      oldest_version: Math.max(0, ...[...secret.versions.keys()].slice(0, 1)) > 1 ? [...secret.versions.keys()][0] : 0,
      updated_time: secret.updatedTime,
      versions: Object.fromEntries(versions) as object,
    },
  }
}
