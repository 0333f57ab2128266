import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ContractMatrix } from './test/support/contract-matrix.mts'

const source = (name: string): string => fileURLToPath(new URL(`packages/${name}/src/index.ts`, import.meta.url))

export default defineConfig({
  // Here and not in `reporters`, which `--reporter` would replace.
  plugins: [
    {
      name: 'contract-matrix.mts',
      configureVitest: ({ vitest }) => void vitest.config.reporters.push(new ContractMatrix() as never),
    },
  ],
  // As `experimentalDecorators` of TypeScript, for NestJS.
  oxc: { decorator: { legacy: true } },
  resolve: {
    // Tests run against the sources; the pack test runs against what is published.
    alias: {
      '@leasepool/pg-adapter/clients': fileURLToPath(new URL('packages/pg-adapter/src/clients.ts', import.meta.url)),
      ...Object.fromEntries(
        [
          'core',
          'pg-adapter',
          'mysql2-adapter',
          'knex-adapter',
          'typeorm-adapter',
          'generic-pool-adapter',
          'nestjs',
          'dev-vault',
        ].map((name) => [`@leasepool/${name}`, source(name)]),
      ),
    },
  },
  test: {
    // Nothing that any test is given as a secret may be said by leasepool.
    setupFiles: [fileURLToPath(new URL('test/support/canary.ts', import.meta.url))],
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    // The packages are compiled in hooks, by one test file after the other, and servers are started.
    hookTimeout: 300_000,
    // On two cores: much of the time is spent waiting for real servers and real seconds.
    maxWorkers: 3,
    pool: 'forks',
    // The cases of conformance wait for real seconds: all of them at the same time.
    maxConcurrency: 24,
  },
})
