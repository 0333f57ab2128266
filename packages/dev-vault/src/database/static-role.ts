import type { RotationSchedule } from './rotation-schedule'

/** When a static role's password is due. */
export type RotationRule =
  | { readonly kind: 'period'; readonly seconds: number }
  /** `windowSeconds`: how long after the scheduled instant it may still happen; 0 means until the next one. */
  | { readonly kind: 'schedule'; readonly schedule: RotationSchedule; readonly windowSeconds: number }

/** A static role as it was written. */
export interface StaticRoleSettings {
  readonly name: string
  readonly database: string
  readonly username: string
  readonly rule: RotationRule
  readonly rotationStatements: readonly string[]
  readonly credentialType: string
  readonly credentialConfig: Readonly<Record<string, string | number>>
}

/** A static role and the password of its account. Instants are ms since 1970. */
export interface StaticRole {
  settings: StaticRoleSettings
  password: string
  lastRotationMs: number
  /** When the password is due by the rule. */
  nextRotationMs: number
  /** When the next try is made: later than `nextRotationMs` after a failure. */
  dueMs: number
  /** The password of a rotation that failed: the database may have it already, so that it is tried once more. */
  pendingPassword: string | undefined
  /** Rotations and changes of one role run one after the other. */
  tail: Promise<unknown>
}

/** The first instant after `ms` at which the password is due. */
export function nextRotation(rule: RotationRule, ms: number): number {
  return rule.kind === 'period' ? ms + rule.seconds * 1000 : rule.schedule.nextMs(ms)
}

/** Whole seconds until the password changes, never below 0. */
export function ttlSeconds(role: StaticRole, nowMs: number): number {
  const { rule } = role.settings
  const nextMs = rule.kind === 'period' ? role.nextRotationMs : rule.schedule.nextMs(nowMs)
  return Math.max(0, Math.round((nextMs - nowMs) / 1000))
}

/** Whether a rotation may happen now. */
export function isInsideWindow(role: StaticRole, nowMs: number): boolean {
  const { rule } = role.settings
  if (rule.kind === 'period' || rule.windowSeconds === 0) return true
  return nowMs < role.nextRotationMs + rule.windowSeconds * 1000
}
