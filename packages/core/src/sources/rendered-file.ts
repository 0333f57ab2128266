import { dirname, resolve } from 'node:path'
import { OptionError, RenderedFileError } from '../errors'
import { aBoolean, aFunction, checkOptions, describe, milliseconds, nonEmptyString, type OptionRules } from '../options'
import type { CredentialSource, IssuedCredential, SourceHost } from '../source'
import { RENDERED_FORMATS, textParser, type RenderedFormat, type TextParser } from './rendered/formats'
import { MalformedText } from './rendered/malformed'
import { readFolder, readText } from './rendered/read'
import { watchFolder } from './rendered/watch-folder'
import { SourceChecks } from './source-checks'

/** Which file, and how to read it: either `format` or `parse`. */
export interface RenderedFileOptions {
  /** The file, or with `format: 'folder'` the folder that has one file per key. */
  readonly path: string
  readonly format?: RenderedFormat
  /** Finds user name and password in the file's text. What it throws is not passed on: it may quote the text. */
  readonly parse?: (text: string) => { readonly username: string; readonly password: string }
  /** @default 'username'; with `format: 'env'` 'DB_USERNAME' */
  readonly usernameKey?: string
  /** @default 'password'; with `format: 'env'` 'DB_PASSWORD' */
  readonly passwordKey?: string
  /** How often to look at the file, in ms, whether or not the system says that it has changed. @default 5_000 */
  readonly lookEveryMs?: number
  /**
   * For how long the file must stay the same before it is taken, in ms: longer than whoever writes it in place pauses. @default 100
   */
  readonly settleMs?: number
  /** Also look when the process gets SIGHUP, which then no longer ends it. @default false */
  readonly reloadOnSighup?: boolean
  /** Replace open connections when only the password changes, though the database lets them stay. @default false */
  readonly replaceConnections?: boolean
}

const aFormat = RENDERED_FORMATS.map((format) => `"${format}"`).join(', ')

export const renderedFileRules: OptionRules<RenderedFileOptions> = {
  path: { check: nonEmptyString, required: true },
  format: { check: (value) => (RENDERED_FORMATS.some((format) => format === value) ? undefined : `one of ${aFormat}`) },
  parse: { check: aFunction },
  usernameKey: { check: nonEmptyString },
  passwordKey: { check: nonEmptyString },
  lookEveryMs: { check: milliseconds(10) },
  settleMs: { check: milliseconds(0, 10_000) },
  reloadOnSighup: { check: aBoolean },
  replaceConnections: { check: aBoolean },
}

/** So often a file may be found missing, half-written or changing before that is an error. */
const MOST_READS = 10

/**
 * A user name and password that somebody else writes to a file and replaces there: Vault Agent, the Kubernetes injector, the Secrets
 * Operator, the CSI driver. Throws `OptionError`.
 */
export function renderedFile(options: RenderedFileOptions): CredentialSource {
  checkOptions('renderedFile', options, renderedFileRules)
  return new RenderedFile('renderedFile', options)
}

/** The same for checked options; `where` prefixes the names in messages. */
export class RenderedFile implements CredentialSource {
  readonly description: string
  readonly #path: string
  readonly #watched: string
  readonly #read: () => Promise<string>
  readonly #parse: TextParser
  readonly #keys: readonly [string, string]
  readonly #options: RenderedFileOptions
  #host: SourceHost | undefined
  #checks: SourceChecks | undefined
  #end: (() => void)[] = []
  /** What was issued last, and the text it was found in. */
  #issued: IssuedCredential | undefined
  #text: string | undefined
  /** For this text a rotation was asked for, which has not taken it yet. */
  #announced: string | undefined

  constructor(where: string, options: RenderedFileOptions) {
    const { format, parse } = options
    if ((format === undefined) === (parse === undefined)) {
      throw new OptionError(
        `${where}.format`,
        `either one of ${aFormat}, or parse(text)`,
        format === undefined ? 'neither' : 'both',
      )
    }
    if (parse !== undefined && (options.usernameKey ?? options.passwordKey) !== undefined) {
      throw new OptionError(`${where}.usernameKey`, 'no keys beside parse(text)', 'both')
    }
    const names = format === 'env' ? ['DB_USERNAME', 'DB_PASSWORD'] : ['username', 'password']
    const keys = [options.usernameKey ?? names[0]!, options.passwordKey ?? names[1]!] as const
    // Whatever the app's working folder is later on.
    const path = resolve(options.path)
    if (format === 'folder') checkFileNames(where, keys)
    this.#options = options
    this.#path = path
    this.#keys = parse === undefined ? keys : ['username', 'password']
    this.#parse = parse === undefined ? textParser(where, format!) : (text) => ({ ...parse(text) })
    this.#watched = format === 'folder' ? path : dirname(path)
    this.#read = format === 'folder' ? () => readFolder(path, keys) : () => readText(path)
    this.description = format === 'folder' ? `folder ${path}` : `file ${path}`
  }

  open(host: SourceHost): Promise<void> {
    this.#host = host
    const checks = new SourceChecks({ source: this.description, host, check: (signal) => this.#look(host, signal) })
    this.#checks = checks
    const hint = (): void => checks.now()
    this.#end.push(watchFolder(this.#watched, hint))
    if (this.#options.reloadOnSighup === true) {
      process.on('SIGHUP', hint)
      this.#end.push(() => process.removeListener('SIGHUP', hint))
    }
    return Promise.resolve()
  }

  async issue(signal: AbortSignal): Promise<IssuedCredential> {
    const [text, credential] = await this.#readSettled(signal)
    this.#text = text
    this.#issued = credential
    this.#announced = undefined
    this.#checks?.plan(this.#lookEveryMs)
    return credential
  }

  close(): Promise<void> {
    this.#checks?.stop()
    for (const end of this.#end.splice(0)) end()
    return Promise.resolve()
  }

  get #lookEveryMs(): number {
    return this.#options.lookEveryMs ?? 5_000
  }

  async #look(host: SourceHost, signal: AbortSignal): Promise<number> {
    const before = this.#issued
    if (before === undefined) return this.#lookEveryMs // nothing to compare with: the first is on its way
    const isSame = (await this.#read().catch(() => undefined)) === this.#text
    if (isSame) return this.#lookEveryMs
    const [text, { username, password }] = await this.#readSettled(signal)
    const issued = this.#issued ?? before // a rotation may have taken it meanwhile
    if (username === issued.username && password === issued.password) this.#text = text
    else if (text !== this.#announced) {
      this.#announced = text
      host.rotate('source-changed')
    }
    return this.#lookEveryMs
  }

  /** What the file holds once it has stayed the same for a while. Rejects with the last failure, also when `signal` aborts. */
  async #readSettled(signal: AbortSignal): Promise<[text: string, credential: IssuedCredential]> {
    const { settleMs = 100 } = this.#options
    let before: string | undefined
    let failure: unknown
    for (let reads = 0; ; reads++) {
      if (signal.aborted) throw failure ?? signal.reason
      const isLast = reads >= MOST_READS
      try {
        const text = await this.#read()
        if (text === before) return [text, this.#credentialIn(text)]
        before = text
        if (isLast) throw new RenderedFileError(this.#path, 'changing', 'it changes all the time')
      } catch (cause) {
        if (isLast) throw cause
        failure = cause
      }
      await this.#pause(settleMs, signal).catch((reason: unknown) => {
        throw failure ?? reason
      })
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#host === undefined) throw new Error('The file has not been opened')
    await this.#host.clock.sleep(ms, signal)
  }

  #credentialIn(text: string): IssuedCredential {
    const values = this.#valuesIn(text)
    const [username, password] = this.#keys.map((key) => {
      const value = Object.hasOwn(values, key) ? values[key] : undefined
      if (typeof value === 'string' && value !== '') return value
      const is = value === undefined ? 'is missing' : value === '' ? 'is empty' : 'is not a text'
      throw new RenderedFileError(this.#path, 'incomplete', `"${key}" ${is}`)
    })
    return { username: username!, password: password!, keepsConnections: this.#options.replaceConnections !== true }
  }

  #valuesIn(text: string): Readonly<Record<string, unknown>> {
    try {
      return this.#parse(text)
    } catch (cause) {
      const problem = cause instanceof MalformedText ? cause.message : 'parse() failed'
      throw new RenderedFileError(this.#path, 'unparsable', problem)
    }
  }
}

function checkFileNames(where: string, [username, password]: readonly [string, string]): void {
  for (const [option, name] of [
    ['usernameKey', username],
    ['passwordKey', password],
  ] as const) {
    if (/^\.{1,2}$|[/\\\0]/.test(name))
      throw new OptionError(`${where}.${option}`, 'the name of a file in the folder', describe(name))
  }
}
