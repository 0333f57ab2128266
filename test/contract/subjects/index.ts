import { genericPoolMariadb, genericPoolPg } from './generic-pool'
import { mysql2Knex, oldestKnex, pgKnex } from './knex'
import { mysql2, mysql2Cluster, mysql2Promise } from './mysql2'
import { mysql2Oldest, mysql2Sharing } from './mysql2-versions'
import { pg, pgOldest } from './pg'
import { dataSources } from './typeorm'
import type { Subject } from './subject'

export const SUBJECTS: readonly Subject[] = [
  pg,
  pgOldest,
  pgKnex,
  ...oldestKnex,
  mysql2,
  mysql2Promise,
  mysql2Cluster,
  mysql2Knex,
  mysql2Oldest,
  mysql2Sharing,
  genericPoolPg,
  genericPoolMariadb,
  ...dataSources,
]
