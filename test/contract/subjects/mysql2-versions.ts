import { createPool as createPool311 } from 'mysql2-3.11'
import { createPool as createPool315 } from 'mysql2-3.15/promise'
import { withCallbacks, withPromises } from './mysql2'
import type { Subject } from './subject'

/** The oldest mysql2 that is served. A copy of the app's own, while the adapter has its own, newer one. */
export const mysql2Oldest: Subject = {
  name: 'mysql2 3.11',
  on: ['mariadb'],
  open: withCallbacks(createPool311 as never),
}

/** One that shares a configuration among all connections of a pool, as they did before 3.23.3. */
export const mysql2Sharing: Subject = {
  name: 'mysql2/promise 3.15',
  on: ['mariadb'],
  open: withPromises(createPool315 as never),
}
