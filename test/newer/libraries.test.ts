import { testThroughRotations } from '../examples/through-rotations'

testThroughRotations('newer-libraries', {
  postgres: ['kysely/pg'],
  mariadb: ['kysely/mysql2'],
})
