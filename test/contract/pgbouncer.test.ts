import { describe } from 'vitest'
import { hasPgBouncer, sayWithoutPgBouncer } from '../support/pgbouncer'
import { contractOn } from './contract'

sayWithoutPgBouncer('the contract of pools behind PgBouncer')
describe.skipIf(!hasPgBouncer)('PgBouncer', () => {
  describe('in session mode', () => contractOn('pgbouncer-session'))
  describe('in transaction mode', () => contractOn('pgbouncer-transaction'))
})
