import { mysql2Knex, pgKnex } from './knex'
import { mysql2, mysql2Cluster, mysql2Promise } from './mysql2'
import { pg } from './pg'
import { dataSources } from './typeorm'
import type { Subject } from './subject'

export const SUBJECTS: readonly Subject[] = [pg, pgKnex, mysql2, mysql2Promise, mysql2Cluster, mysql2Knex, ...dataSources]
