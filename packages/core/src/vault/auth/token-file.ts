import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../clock'
import { VaultLoginError, VaultRefusedError } from '../../errors'
import { checkOptions, nonEmptyString } from '../../options'
import type { VaultClient } from '../client'
import { asRecord, recordAt } from '../json'
import type { Login } from '../login'
import { headerText } from '../names'
import { readSecret } from './secret'
import { unwrap } from './unwrap'

/** By a token that somebody else writes to a file and replaces there: the sink of a Vault Agent. */
export interface TokenFileAuth {
  readonly method: 'token-file'
  /** Read again every few seconds. A sink with `wrap_ttl` may be read by one process only: what it holds can be unwrapped once. */
  readonly path: string
}

/** How often the file is looked at, in ms. */
const LOOK_EVERY_MS = 5_000

/** The token is not revoked at the end: whoever wrote the file uses it too. */
export function tokenFileLogin(where: string, auth: TokenFileAuth): Login {
  checkOptions<TokenFileAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    path: { check: nonEmptyString, required: true },
  })
  const { path } = auth
  const openSink = sinkOpener(path)
  /** What was in the file when it was last used, whatever came of that. */
  let used: string | undefined
  return {
    method: 'token-file',
    get canLogIn() {
      return isAnother(readNow(path), used)
    },
    ownsToken: false,
    whyNot: (client) => dead(client, path),
    async logIn(client, signal) {
      const text = await readSecret(infoOf(client), 'The token', { file: path })
      try {
        const grant = await client.lookupToken(await openSink(client, text.trim(), signal), signal)
        used = text.trim()
        return grant
      } catch (cause) {
        if (!(cause instanceof VaultRefusedError || cause instanceof VaultLoginError)) throw cause
        used = text.trim()
        throw cause instanceof VaultRefusedError && cause.status === 403 ? dead(client, path, cause) : cause
      }
    },
    watch(clock, signal, changed) {
      void follow(path, clock, signal, (text) => isAnother(text, used) && changed())
    },
  }
}

function isAnother(text: string | undefined, used: string | undefined): boolean {
  return text !== undefined && text !== '' && text !== used
}

/** Gets the token out of what the file holds; what was unwrapped is kept, since Vault unwraps it once. */
function sinkOpener(path: string): (client: VaultClient, text: string, signal: AbortSignal) => Promise<string> {
  let opened: { readonly text: string; readonly token: string } | undefined
  return async (client, text, signal) => {
    if (opened?.text === text) return opened.token
    if (!text.startsWith('{')) return checked(client, path, text)
    const wrappingToken = checked(client, path, asRecord(parse(text))['token'])
    const body = await unwrap(client, wrappingToken, signal)
    // The sink's own wrap_ttl wraps the bare token, that of the agent's login the whole answer to it.
    const token = checked(client, path, recordAt(body, 'data')?.['token'] ?? recordAt(body, 'auth')?.['client_token'])
    opened = { text, token }
    return token
  }
}

/** Tells what is new in the file, until `signal` aborts; a file that is missing for a moment is no news. */
async function follow(path: string, clock: Clock, signal: AbortSignal, tell: (text: string) => void): Promise<void> {
  let told: string | undefined
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined)
    if (signal.aborted) return
    const text = (await readFile(path, 'utf8').catch(() => '')).trim()
    if (text === '' || text === told) continue
    told = text
    tell(text)
  }
}

/** Rarely, and of one line: only when a token has ended. */
function readNow(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checked(client: VaultClient, path: string, token: unknown): string {
  if (headerText(token) === undefined) return token as string
  throw new VaultLoginError(infoOf(client), 'secret-unreadable', `The file ${path} holds neither a token nor a wrapped one`)
}

function dead(client: VaultClient, path: string, cause?: VaultRefusedError): VaultLoginError {
  const problem = `the token in ${path} is dead, and whoever writes that file has not put another there yet`
  return new VaultLoginError(infoOf(client), 'token-dead', problem, { cause })
}

function infoOf(client: VaultClient): { address: string; method: string; path: string } {
  return { address: client.address, method: 'GET', path: 'auth/token/lookup-self' }
}
