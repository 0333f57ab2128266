import { Module } from '@nestjs/common'
import { knexProvider } from './knex'
import { ReportsController } from './reports.controller'

@Module({ controllers: [ReportsController], providers: [knexProvider] })
export class ReportsModule {}
