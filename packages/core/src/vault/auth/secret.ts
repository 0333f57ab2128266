import { readFile } from 'node:fs/promises'
import { VaultLoginError, type VaultRequestInfo } from '../../errors'
import type { OptionCheck } from '../../options'

/** Something secret: the text itself, a file that holds it, or a function that gets it. File and function are asked at every login. */
export type SecretValue = string | { readonly file: string } | (() => string | Promise<string>)

export const secretValue: OptionCheck = (value) =>
  typeof value === 'function' || isText(value) || isFile(value) ? undefined : 'a non-empty string, { file: path } or a function'

/**
 * The secret as it is now; `name` is how errors call it. One line break at the end of a file is not part of it. Rejects with
 * `VaultLoginError` for a file that cannot be read, a function that fails, and for an empty text.
 */
export async function readSecret(info: VaultRequestInfo, name: string, secret: SecretValue): Promise<string> {
  if (typeof secret === 'string') return secret
  const read = typeof secret === 'function' ? () => secret() : () => readFile(secret.file, 'utf8')
  const from = typeof secret === 'function' ? 'its function' : `the file ${secret.file}`
  let text: unknown
  try {
    text = await read()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : ''
    throw unreadable(info, `${name} could not be read, ${from} failed${code}`, cause)
  }
  if (typeof text !== 'string') throw unreadable(info, `${name} could not be read, ${from} gave no text`)
  const secretText = typeof secret === 'function' ? text : text.replace(/\r?\n$/, '')
  if (secretText === '') throw unreadable(info, `${name} could not be read, ${from} is empty`)
  return secretText
}

function unreadable(info: VaultRequestInfo, problem: string, cause?: unknown): VaultLoginError {
  return new VaultLoginError(info, 'secret-unreadable', problem, { cause })
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isFile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('file' in value)) return false
  return Object.keys(value).length === 1 && isText(value.file)
}
