import { randomUUID } from 'node:crypto'
import { type Reply, VaultError } from '../http/respond'
import type { Route, VaultRequest } from '../http/route'
import { endAllOf } from './mount-end'
import { BUILT_IN, type MountContext } from './mount-routes'
import type { Mount } from './mounts'

interface Move {
  readonly source_mount: string
  readonly target_mount: string
  status: 'in-progress' | 'success' | 'failure'
}

const QUEUED =
  "Mount move has been queued. Progress will be reported in Vault's server log, tagged with the returned migration_id"

/** `sys/remount` and its status: moves a mount with what it holds. Its tokens and leases end first, as in Vault. */
export function moveRoutes(context: MountContext): Route[] {
  const moves = new Map<string, Move>()
  return [
    {
      pattern: /^remount$/,
      fields: { from: 'string', to: 'string' },
      update: (request) => start(context, moves, request),
    },
    {
      pattern: /^remount\/status\/(?<migration_id>.+?)$/,
      fields: { migration_id: 'string' },
      read: ({ params }) => statusOf(moves, params[0]!),
    },
  ]
}

function start(context: MountContext, moves: Map<string, Move>, { fields }: VaultRequest): Reply {
  const [from, to] = [cleaned(fields.string('from')), cleaned(fields.string('to'))]
  if (from === '' || to === '') throw new VaultError(400, "both 'from' and 'to' path must be specified as a string")
  const mount = movable(context, from, to)
  const id = randomUUID()
  const move: Move = { source_mount: from, target_mount: to, status: 'in-progress' }
  moves.set(id, move)
  void run(context, mount, move)
  return { data: { migration_id: id }, dataAtTopLevel: true, warnings: [QUEUED] }
}

async function run(context: MountContext, mount: Mount, move: Move): Promise<void> {
  await endAllOf(move.source_mount, context)
  // Either may have changed while the database dropped users.
  const { mounts } = context
  const isStillPossible = mounts.get(move.source_mount) === mount && mounts.conflicting(move.target_mount) === undefined
  if (isStillPossible) mounts.move(mount, move.target_mount)
  move.status = isStillPossible ? 'success' : 'failure'
}

function movable({ mounts }: MountContext, from: string, to: string): Mount {
  if (BUILT_IN.includes(from)) throw new VaultError(400, `cannot remount "${from}"`)
  if (from.startsWith('auth/') && !to.startsWith('auth/'))
    throw new VaultError(400, `cannot remount auth mount to non-auth mount "${to}"`)
  const isReserved = /^(sys|cubbyhole|identity)\//.test(to) || to.startsWith('auth/token/')
  if (isReserved || (!from.startsWith('auth/') && to.startsWith('auth/')))
    throw new VaultError(400, `cannot remount to destination ${to}`)
  const mount = mounts.get(from)
  if (mount === undefined) throw new VaultError(400, `no matching mount at "${from}"`)
  const taken = mounts.conflicting(to)
  if (taken !== undefined) throw new VaultError(400, `path already in use at "${taken.path}"`)
  return mount
}

function statusOf(moves: ReadonlyMap<string, Move>, id: string): Reply | undefined {
  const move = moves.get(id)
  return move && { data: { migration_id: id, migration_info: { ...move } } }
}

/** With one slash at the end; `''` for nothing. */
function cleaned(path = ''): string {
  const bare = path.replace(/^\/+|\/+$/g, '')
  return bare === '' ? '' : `${bare}/`
}
