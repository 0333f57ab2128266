import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { RenderedFileError } from '../../errors'

/** Nobody renders a login as long as this, in bytes: it is another file. */
const LONGEST_BYTES = 1_048_576

/** The text of a file. Rejects with `RenderedFileError`. */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RenderedFileError(path, 'unparsable', 'it is not UTF-8')
  }
}

/**
 * The files `keys` of a folder, as JSON. Kubernetes replaces such a folder by pointing its link `..data` at another one, so that is
 * followed once for all of them: they belong together. One line break at the end of a file is not part of it.
 */
export async function readFolder(path: string, keys: readonly string[]): Promise<string> {
  const folder = await realpath(join(path, '..data')).catch(() => path)
  const values: [string, string][] = []
  for (const key of keys) values.push([key, (await readText(join(folder, key))).replace(/\r?\n$/, '')])
  return JSON.stringify(Object.fromEntries(values))
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      if (size > LONGEST_BYTES) throw new RenderedFileError(path, 'unparsable', `it is longer than ${LONGEST_BYTES} bytes`)
      return await file.readFile()
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof RenderedFileError) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed'
    throw new RenderedFileError(path, 'unreadable', `it cannot be read: ${code}`, { cause })
  }
}
