import type { Case } from '../case'
import { APP_ROLE } from './app-role'
import { BODIES } from './bodies'
import { CREDS } from './creds'
import { DATABASE_CONFIG } from './database-config'
import { LEASES } from './leases'
import { LIFETIMES } from './lifetimes'
import { LOGINS } from './logins'
import { KV } from './kv'
import { LIMITS } from './limits'
import { MOVES } from './moves'
import { MYSQL } from './mysql'
import { POLICIES } from './policies'
import { REVOCATION } from './revocation'
import { STATIC_ROLES } from './static-roles'
import { STATUS } from './status'
import { SYSTEM } from './system'
import { TOKEN_MAKING } from './token-making'
import { TOKENS } from './tokens'
import { WRAPPING } from './wrapping'

/** All cases: a file of cases is one line here. */
export const CASES: readonly Case[] = [
  ...STATUS,
  ...BODIES,
  ...APP_ROLE,
  ...LOGINS,
  ...WRAPPING,
  ...TOKENS,
  ...TOKEN_MAKING,
  ...POLICIES,
  ...SYSTEM,
  ...CREDS,
  ...LEASES,
  ...REVOCATION,
  ...LIFETIMES,
  ...STATIC_ROLES,
  ...DATABASE_CONFIG,
  ...MYSQL,
  ...MOVES,
  ...KV,
  ...LIMITS,
]
