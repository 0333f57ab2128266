// Makes the client of the Prisma example, offline: what Prisma would download for it, an engine for migrations, is not used.
//
//   node scripts/prisma-client.mjs
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const args = [
  at('node_modules/prisma/build/index.js'),
  'generate',
  '--schema',
  at('examples/newer-libraries/prisma/schema.prisma'),
]
const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }

const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
if (status !== 0) console.error(`${stdout}${stderr}\nprisma generate failed`)
process.exitCode = status ?? 1
