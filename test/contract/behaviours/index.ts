import type { Behaviour } from '../scene'
import { assumesRole, ownsNothing, roleRefused } from './assumes-role'
import { credentialsClosedFirst } from './credentials-closed-first'
import { deadlineCutsQuery } from './deadline-cuts-query'
import { deadlineCutsTransaction } from './deadline-cuts-transaction'
import { destroyedByBorrower } from './destroyed-by-borrower'
import { drainedBeforeRevoked } from './drained-before-revoked'
import { endServesWaiters } from './end-serves-waiters'
import { endWaitsForBorrowed } from './end-waits-for-borrowed'
import { endedPoolDetached } from './ended-pool-detached'
import { errorsUnchanged } from './errors-unchanged'
import { failingStatement } from './failing-statement'
import { idleClosedByRotation } from './idle-closed-by-rotation'
import { inOrder } from './in-order'
import { killedWhileBorrowed } from './killed-while-borrowed'
import { killedWhileIdle } from './killed-while-idle'
import { leakNotSuspected, leakSuspected } from './leak-suspected'
import { logsInAsLeasedUser } from './logs-in-as-leased-user'
import { manyGenerations } from './many-generations'
import { neverAboveMax } from './never-above-max'
import { noTimerLeft } from './no-timer-left'
import { passwordChanged } from './password-changed'
import { pingFindsDead } from './ping-finds-dead'
import { pinned, pinnedUntilClose } from './pinned'
import { probeQuery } from './probe-query'
import { probeRefused } from './probe-refused'
import { silentNetwork } from './silent-network'
import { thousandWaiters } from './thousand-waiters'
import { tooManySessions } from './too-many-sessions'
import { transactionAcrossRotation } from './transaction-across-rotation'
import { twoPools } from './two-pools'
import { userDropped } from './user-dropped'
import { waiterAfterStale } from './waiter-after-stale'

/** What every leased pool does, each in a file of its own. */
export const BEHAVIOURS: readonly Behaviour[] = [
  assumesRole,
  credentialsClosedFirst,
  deadlineCutsQuery,
  deadlineCutsTransaction,
  destroyedByBorrower,
  drainedBeforeRevoked,
  endServesWaiters,
  endWaitsForBorrowed,
  endedPoolDetached,
  errorsUnchanged,
  failingStatement,
  idleClosedByRotation,
  inOrder,
  killedWhileBorrowed,
  killedWhileIdle,
  leakNotSuspected,
  leakSuspected,
  logsInAsLeasedUser,
  manyGenerations,
  ...neverAboveMax,
  noTimerLeft,
  ownsNothing,
  passwordChanged,
  pingFindsDead,
  pinned,
  pinnedUntilClose,
  probeQuery,
  probeRefused,
  roleRefused,
  silentNetwork,
  thousandWaiters,
  tooManySessions,
  transactionAcrossRotation,
  twoPools,
  userDropped,
  waiterAfterStale,
]
