import { credentialConfig, credentialType } from './credential-config'
import type { DatabaseEngine, DatabaseRole } from './database'
import type { Fields, FieldSchema } from '../http/fields'
import { type Reply, VaultError } from '../http/respond'
import { NAME, type Route, type VaultRequest } from '../http/route'

const FIELDS: FieldSchema = {
  name: 'string',
  db_name: 'string',
  credential_type: 'string',
  credential_config: 'stringMap',
  default_ttl: 'seconds',
  max_ttl: 'seconds',
  creation_statements: 'strings',
  revocation_statements: 'strings',
  renew_statements: 'strings',
  rollback_statements: 'strings',
}

/** The dynamic roles. */
export function databaseRoleRoutes(engine: DatabaseEngine): Route[] {
  const name = (request: VaultRequest): string => request.params[0]!
  return [
    { pattern: /^roles\/?$/, fields: {}, list: () => listed([...engine.roles.keys()].sort()) },
    {
      pattern: new RegExp(`^roles/${NAME}$`),
      fields: FIELDS,
      exists: ([role]) => engine.roles.has(role!),
      read: (request) => describe(engine.roles.get(name(request))),
      update: (request) => write(engine, name(request), request.fields),
      delete: (request) => void engine.roles.delete(name(request)),
    },
  ]
}

/** The answer to a LIST. */
export function listed(keys: readonly string[]): Reply {
  return { data: { keys } }
}

function write(engine: DatabaseEngine, name: string, fields: Fields): void {
  if (engine.staticRoles.get(name) !== undefined) throw new VaultError(400, 'Role and Static Role names must be unique')
  const before = engine.roles.get(name)
  const database = fields.string('db_name') ?? before?.database ?? ''
  if (database === '') throw new VaultError(400, 'database name is required')
  const type = credentialType(fields, before?.credentialType)
  engine.roles.set(name, {
    name,
    database,
    credentialType: type,
    credentialConfig: credentialConfig(fields, type, before?.credentialConfig),
    ...statements(fields, before),
    defaultTtlSeconds: fields.seconds('default_ttl') ?? before?.defaultTtlSeconds ?? 0,
    maxTtlSeconds: fields.seconds('max_ttl') ?? before?.maxTtlSeconds ?? 0,
  })
}

type Statements = 'creationStatements' | 'revocationStatements' | 'renewStatements' | 'rollbackStatements'

function statements(fields: Fields, before: DatabaseRole | undefined): Pick<DatabaseRole, Statements> {
  const read = (field: string, older: readonly string[] | undefined): readonly string[] => fields.strings(field) ?? older ?? []
  return {
    creationStatements: read('creation_statements', before?.creationStatements),
    revocationStatements: read('revocation_statements', before?.revocationStatements).filter((statement) => statement !== ''),
    renewStatements: read('renew_statements', before?.renewStatements),
    rollbackStatements: read('rollback_statements', before?.rollbackStatements),
  }
}

function describe(role: DatabaseRole | undefined): Reply | undefined {
  if (role === undefined) return undefined
  const config = role.credentialConfig ?? {}
  return {
    data: {
      creation_statements: role.creationStatements,
      ...(Object.keys(config).length === 0 ? {} : { credential_config: config }),
      credential_type: role.credentialType ?? 'password',
      db_name: role.database,
      default_ttl: role.defaultTtlSeconds,
      max_ttl: role.maxTtlSeconds,
      renew_statements: role.renewStatements,
      revocation_statements: role.revocationStatements,
      rollback_statements: role.rollbackStatements,
    },
  }
}
