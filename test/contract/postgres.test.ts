import { contractOn } from './contract'

contractOn('postgres')
