/**
 * What an error of a database driver is about. `credential-refused`: the user is gone, locked, or its password is wrong, at a login or in
 * a session that is open. `permission-lost`: a right is missing, which a dropped user's session says too, and an app that may not.
 * `server-busy`: no slot, starting up, shutting down. `network`: nothing came, nothing
 * that can be read, or the connection was cut.
 */
export type DatabaseErrorKind = 'credential-refused' | 'permission-lost' | 'server-busy' | 'network' | 'other'

interface Facts {
  readonly code: string
  readonly errno: number | undefined
  readonly message: string
}

type Rule = readonly [DatabaseErrorKind, (facts: Facts) => boolean]

/** By the first characters of an SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const sqlState =
  (...starts: string[]) =>
  ({ code, errno }: Facts): boolean =>
    errno === undefined && /^[0-9A-Z]{5}$/.test(code) && starts.some((start) => code.startsWith(start))
const errno =
  (...numbers: number[]) =>
  (facts: Facts): boolean =>
    facts.errno !== undefined && numbers.includes(facts.errno)
const says =
  (pattern: RegExp, code = /^/) =>
  (facts: Facts): boolean =>
    code.test(facts.code) && pattern.test(facts.message)

/**
 * The first that fits. MySQL and MariaDB by number: mysql2 gives MariaDB's the names of MySQL's. PgBouncer has one code for everything,
 * also for what it passes on of the server's refusals (1.26 keeps the server's code), so texts must do.
 */
const RULES: readonly Rule[] = [
  // A dropped role's open session, at `session_user` or at DDL.
  ['credential-refused', says(/^invalid role OID|^role \d+ was concurrently dropped/, /^42704$/)],
  ['credential-refused', says(/SASL authentication failed|bouncer config error|no such user|password authentication/, /^08P01$/)],
  ['credential-refused', says(/is not permitted to log in$/, /^08P01$/)],
  ['server-busy', says(/query_wait_timeout|login has been failing|no more connections|server conn crashed/, /^08P01$/)],
  ['server-busy', says(/too many (connections|clients)|connection slots are reserved|the database system is/, /^08P01$/)],
  ['permission-lost', says(/^permission denied for database/, /^08P01$/)],
  // No other user would have one. Where the server speaks another language, a new credential is tried for nothing.
  ['other', says(/^connection requires a valid client certificate/, /^28000$/)],
  ['credential-refused', sqlState('28P01', '28000')],
  ['permission-lost', sqlState('42501')],
  ['server-busy', sqlState('53', '57P')],
  ['network', sqlState('08')],
  // Access denied, account locked (MySQL, MariaDB), password expired, no such plugin for this user.
  ['credential-refused', errno(1045, 1698, 3118, 4151, 1862, 1820)],
  ['permission-lost', errno(1044, 1142, 1143, 1227, 1370)],
  ['server-busy', errno(1040, 1053, 1203, 1226, 3032)],
  ['network', says(/^/, /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|AI_|NOTFOUND)|PROTOCOL_|ERR_UNREADABLE_MESSAGE$)/)],
  [
    'network',
    says(
      /^Connection terminated|^The connection was given up|^timeout expired|connection error|closed state|^Query read timeout/i,
    ),
  ],
]

/** Never throws, whatever it is given. */
export function classifyDatabaseError(error: unknown): DatabaseErrorKind {
  const facts = factsOf(error)
  return facts === undefined ? 'other' : (RULES.find(([, fits]) => fits(facts))?.[0] ?? 'other')
}

function factsOf(error: unknown): Facts | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errno: number, message } = error as Record<string, unknown>
  return {
    code: typeof code === 'string' ? code : '',
    // Node's own errors have a negative one.
    errno: typeof number === 'number' && number > 0 ? number : undefined,
    message: typeof message === 'string' ? message : '',
  }
}
