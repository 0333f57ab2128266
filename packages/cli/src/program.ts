import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { devCommand } from './commands/dev'
import { messageOf, UsageError } from './errors'

/** What the process ends with: 0 as asked, 1 something failed, 2 a command line that says nothing we know. */
export type ExitCode = 0 | 1 | 2

/** Runs one command line (without `node` and the script) to its end. Never rejects: what went wrong is on stderr. */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = new Command('leasepool')
    .description('Database pools that live on leased credentials: tools for development')
    .version(versionOfPackage())
    .addCommand(devCommand((code) => (exitCode = code)))
  // Commands inherit neither of these from their parent once they are made.
  for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError('(--help shows the options)')
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    console.error(`leasepool: ${messageOf(error)}`)
    return error instanceof UsageError ? 2 : 1
  }
}

function versionOfPackage(): string {
  return (JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string }).version
}
