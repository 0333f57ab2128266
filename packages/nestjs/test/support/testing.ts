import type { ModuleMetadata } from '@nestjs/common'
import { Test, type TestingModule } from '@nestjs/testing'
import { afterEach } from 'vitest'

const open: TestingModule[] = []
const silent = { log: () => undefined, error: () => undefined, warn: () => undefined }

afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

/** An app of these modules and providers, closed after the test. */
export async function appOf(metadata: ModuleMetadata): Promise<TestingModule> {
  const app = await Test.createTestingModule(metadata).setLogger(silent).compile()
  open.push(app)
  return app.init() as Promise<TestingModule>
}
