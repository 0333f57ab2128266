import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildPackages } from '../../../test/support/build'
import { launch } from '../../../test/support/leasepool-dev'

beforeAll(buildPackages)

async function run(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const running = launch(args)
  const code = await running.exit
  return { code, stdout: running.stdout(), stderr: running.stderr() }
}

describe('leasepool', () => {
  test('shows its version', async () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string }
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('shows its commands, and the options and exit codes of one', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: leasepool .*^ {2}dev /ms),
      stderr: '',
    })
    const { code, stdout } = await run('dev', '--help')
    expect(code).toBe(0)
    for (const text of ['--postgres <url>', '--mysql <url>', '--ttl <duration>', '--json', 'Exit codes:', 'For development only'])
      expect(stdout).toContain(text)
  })

  test.for([
    [[], 'Usage: leasepool'],
    [['nothing'], `error: unknown command 'nothing'`],
    [['dev', '--prot', '1'], `error: unknown option '--prot'\n(Did you mean --port?)`],
    [['dev', 'more'], 'error: too many arguments'],
    [['dev', '--ttl'], `error: option '--ttl <duration>' argument missing`],
    [['dev', '--ttl', '60'], 'leasepool: --ttl "60": expected a duration with a unit'],
    [['dev', '--postgres', 'localhost'], 'leasepool: --postgres: expected a URL such as postgres://'],
  ] as const)('%j ends with 2 and says what is wrong', async ([args, message]) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toContain(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
