import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll } from 'vitest'
import { testThroughRotations } from '../examples/through-rotations'

beforeAll(() => void execFileSync(process.execPath, [join(__dirname, '../../scripts/prisma-client.mjs')], { stdio: 'inherit' }))

testThroughRotations('newer-libraries', {
  postgres: ['prisma/pg', 'mikro-orm/pg', 'kysely/pg', 'pg-boss/db'],
  mariadb: ['kysely/mysql2'],
})
