import { LeasepoolHealthIndicator } from '@leasepool/nestjs'
import { Controller, Get } from '@nestjs/common'
import { HealthCheck, HealthCheckService, TypeOrmHealthIndicator, type HealthCheckResult } from '@nestjs/terminus'

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly leasepool: LeasepoolHealthIndicator,
    private readonly database: TypeOrmHealthIndicator,
  ) {}

  /** 503 when requests cannot be served, and from SIGTERM on. */
  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.leasepool.isHealthy('credentials'), () => this.database.pingCheck('database')])
  }
}
