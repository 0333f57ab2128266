import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { buildPackages } from '../support/build'

// The examples are run as a reader would: by their own runner, in a process of its own, with the packages as they are built.
const root = join(__dirname, '..', '..')
const folder = join(root, 'examples', 'testing')

// Not the settings of the test runner that runs this.
const { PATH, HOME, TMPDIR } = process.env
const env = { PATH, HOME, NO_COLOR: '1', ...(TMPDIR === undefined ? {} : { TMPDIR }) }

const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, args, { cwd: folder, env, timeout: 90_000 })

beforeAll(buildPackages)

it.each([
  ['Vitest', [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run'], /Tests .*3 passed/],
  ['Jest', [join(root, 'node_modules', 'jest', 'bin', 'jest.js')], /Tests: .*3 passed/],
  ['node:test', ['--test', 'shop.node.test.js'], /# pass 1\n/],
])('the example for %s passes', { timeout: 120_000 }, async (_, args, passed) => {
  const { stdout, stderr } = await run(...args)
  expect(stdout + stderr).toMatch(passed)
})
