export { leasedKnex } from './leased-knex'
