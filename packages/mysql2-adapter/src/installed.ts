import type * as mysql2 from 'mysql2'

/** mysql2, once something needs it: adapters of libraries that can do without it load this package in any case. */
export function installedMysql2(): typeof mysql2 {
  return require('mysql2') as typeof mysql2
}
