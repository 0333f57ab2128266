import { contractOn } from './contract'

contractOn('mariadb')
