import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll } from 'vitest'
import { testThroughRotations } from '../examples/through-rotations'

/** Of graphile-worker, which says each job that it has done. */
process.env['NO_LOG_SUCCESS'] = '1'

beforeAll(() => void execFileSync(process.execPath, [join(__dirname, '../../scripts/prisma-client.mjs')], { stdio: 'inherit' }))

testThroughRotations('newer-libraries', {
  postgres: ['prisma/pg', 'mikro-orm/pg', 'nestjs/mikro-orm', 'kysely/pg', 'pg-boss/db', 'graphile-worker/pool', 'slonik/pg'],
  mariadb: ['kysely/mysql2'],
})
