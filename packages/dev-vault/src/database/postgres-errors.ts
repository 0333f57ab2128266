import { DatabaseError } from 'pg'
import { dialError } from './dial-error'
import { textOf } from '../errors'

/** The database's own text, as Vault's driver gives it. */
export function databaseText(error: unknown): string {
  if (error instanceof DatabaseError) return `${error.severity ?? 'ERROR'}: ${error.message} (SQLSTATE ${error.code ?? 'XXXXX'})`
  return dialError(error) ?? textOf(error)
}

/** Why no session came about, with host, user and database but no password, as Vault's driver gives it. */
export function connectText(error: unknown, url: string): string {
  const { hostname, username, pathname } = URL.canParse(url) ? new URL(url) : { hostname: '', username: '', pathname: '' }
  const who = `host=${hostname} user=${decoded(username)} database=${decoded(pathname.slice(1))}`
  return `failed to connect to \`${who}\`: ${reason(error)}`
}

function reason(error: unknown): string {
  if (error instanceof DatabaseError) {
    return `${error.code === '28P01' ? 'failed SASL auth' : 'server error'} (${databaseText(error)})`
  }
  const dial = dialError(error)
  return dial === undefined ? textOf(error) : `dial error (${dial})`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
