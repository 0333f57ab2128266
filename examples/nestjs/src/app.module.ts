import type { LeasedCredentials } from '@leasepool/core'
import { getCredentialsToken, LeasepoolModule } from '@leasepool/nestjs'
import { leasedDataSource } from '@leasepool/typeorm-adapter'
import { Module } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { TypeOrmModule } from '@nestjs/typeorm'
import { Config, ConfigModule } from './config'
import { HealthController } from './health.controller'
import { CreateOrders1700000000000 } from './orders/migrations/1700000000000-create-orders'
import { OrdersModule } from './orders/orders.module'
import { ReportsModule } from './reports/reports.module'

@Module({
  imports: [
    ConfigModule,
    LeasepoolModule.forRootAsync({
      inject: [Config],
      useFactory: ({ role, roleId, secretId, rotateFraction }: Config) => ({
        role,
        auth: { method: 'approle', roleId, secretId },
        rotateFraction,
      }),
    }),
    TypeOrmModule.forRootAsync({
      inject: [Config, getCredentialsToken()],
      useFactory: ({ database, maxConnections, owner }: Config, credentials: LeasedCredentials) =>
        leasedDataSource(
          {
            type: 'postgres',
            ...database,
            poolSize: maxConnections,
            autoLoadEntities: true,
            migrations: [CreateOrders1700000000000],
            migrationsRun: true,
          },
          credentials,
          { assumeRole: owner },
        ),
    }),
    TerminusModule.forRoot({ gracefulShutdownTimeoutMs: Number(process.env['STOP_DELAY_MS'] || 500) }),
    OrdersModule,
    ReportsModule,
  ],
  controllers: [HealthController],
})
export class AppModule {}
