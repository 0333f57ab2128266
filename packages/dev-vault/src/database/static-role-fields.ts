import { credentialConfig, credentialType } from './credential-config'
import type { Fields } from '../http/fields'
import { VaultError } from '../http/respond'
import { parseSchedule } from './rotation-schedule'
import type { RotationRule, StaticRole, StaticRoleSettings } from './static-role'

const SHORTEST_PERIOD_SECONDS = 5
const SHORTEST_WINDOW_SECONDS = 3_600

/** What a static role shall be, from a request and what it was. Throws 400 with Vault's texts. */
export function readStaticRole(name: string, fields: Fields, role: StaticRole | undefined): StaticRoleSettings {
  const before = role?.settings
  const database = fields.string('db_name') ?? before?.database ?? ''
  if (database === '') throw new VaultError(400, 'database name is a required field')
  const username = usernameOf(fields, before)
  const rule = ruleOf(fields, before?.rule)
  const type = credentialType(fields, before?.credentialType)
  assertNotSelfManaged(name, fields, role)
  return {
    name,
    database,
    username,
    rule,
    rotationStatements: fields.strings('rotation_statements') ?? before?.rotationStatements ?? [],
    credentialType: type,
    credentialConfig: credentialConfig(fields, type, before?.credentialConfig),
  }
}

/** Vault wants the name again at every change. */
function usernameOf(fields: Fields, before: StaticRoleSettings | undefined): string {
  const username = fields.string('username') ?? ''
  if (username === '' && before === undefined)
    throw new VaultError(400, 'username is a required field to create a static account')
  if (before !== undefined && before.username !== username) throw new VaultError(400, 'cannot update static account username')
  return username
}

function ruleOf(fields: Fields, before: RotationRule | undefined): RotationRule {
  const period = fields.seconds('rotation_period')
  const schedule = fields.string('rotation_schedule')
  if (period !== undefined && schedule !== undefined) throw new VaultError(400, BOTH)
  if (period !== undefined) return periodRule(period, fields)
  if (schedule !== undefined) return scheduleRule(schedule, fields, before)
  if (before === undefined) throw new VaultError(400, NEITHER)
  return before
}

const BOTH =
  'mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be provided'
const NEITHER = 'one of rotation_schedule or rotation_period must be provided to create a static account'

function periodRule(seconds: number, fields: Fields): RotationRule {
  if (seconds < SHORTEST_PERIOD_SECONDS) {
    throw new VaultError(400, `rotation_period must be ${SHORTEST_PERIOD_SECONDS} seconds or more`)
  }
  if (fields.seconds('rotation_window') !== undefined)
    throw new VaultError(400, 'rotation_window is invalid with use of rotation_period')
  return { kind: 'period', seconds }
}

function scheduleRule(text: string, fields: Fields, before: RotationRule | undefined): RotationRule {
  const window = fields.seconds('rotation_window')
  const schedule = parsed(text)
  if (window !== undefined && window < SHORTEST_WINDOW_SECONDS) {
    const why = `rotation_window must be ${SHORTEST_WINDOW_SECONDS} seconds or more`
    throw new VaultError(400, `rotation_window is invalid${extra(why)}`)
  }
  const windowBefore = before?.kind === 'schedule' ? before.windowSeconds : 0
  return { kind: 'schedule', schedule, windowSeconds: window ?? windowBefore }
}

function parsed(text: string): ReturnType<typeof parseSchedule> {
  try {
    return parseSchedule(text)
  } catch (error) {
    throw new VaultError(400, `could not parse rotation_schedule${extra((error as Error).message)}`)
  }
}

/** Vault 1.21 formats these errors with one argument too many, and Go says so in the text. */
function extra(text: string): string {
  return `%!(EXTRA string=error, *errors.errorString=${text})`
}

function assertNotSelfManaged(name: string, fields: Fields, role: StaticRole | undefined): void {
  if (fields.string('self_managed_password') === undefined) return
  if (role === undefined)
    throw new VaultError(400, 'dev-vault does not support self_managed_password, which needs Vault Enterprise')
  const last = new Date(role.lastRotationMs).toISOString().replace('T', ' ').replace('Z', ' +0000 UTC')
  throw new VaultError(400, `updating password not allowed after rotation: role=${name}, lastVaultRotation=${last}`)
}
