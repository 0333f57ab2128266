import { testThroughRotations } from './through-rotations'

testThroughRotations('libraries', {
  postgres: [
    'pg/pool',
    'drizzle/pg',
    'nestjs/drizzle',
    'kysely/pg',
    'objection/knex',
    'fastify/plugin',
    'sequelize/pg',
    'mikro-orm/pg',
    'pg-boss/db',
  ],
  mariadb: ['mysql2/pool', 'drizzle/mysql2', 'kysely/mysql2'],
})
