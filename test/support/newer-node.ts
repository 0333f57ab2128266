import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The path of a Node.js that is new enough for the libraries that ask for one: this one's own, else one that npm fetches once. */
export async function newerNode(): Promise<string> {
  const script = join(__dirname, '..', '..', 'scripts', 'newer-node.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--path'])
  return stdout.trim()
}
