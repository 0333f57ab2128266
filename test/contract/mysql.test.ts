import { describe } from 'vitest'
import { hasMySql } from '../support/mysql'
import { contractOn } from './contract'

if (!hasMySql) console.warn('Skipped, there is no MySQL: the contract of pools on it. Set LEASEPOOL_MYSQL_URL, or see .ci/run')
describe.skipIf(!hasMySql)('MySQL', () => contractOn('mysql'))
