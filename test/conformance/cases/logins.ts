import type { Case } from '../case'
import { APP_ROLE_LOGINS } from './logins/app-role'
import { JWT_LOGINS } from './logins/jwt'
import { KUBERNETES_LOGINS } from './logins/kubernetes'
import { USERPASS_LOGINS } from './logins/userpass'

/** Logins by AppRole beyond the table of the reference, and by all other methods. */
export const LOGINS: readonly Case[] = [...APP_ROLE_LOGINS, ...USERPASS_LOGINS, ...JWT_LOGINS, ...KUBERNETES_LOGINS]
