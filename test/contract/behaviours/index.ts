import type { Behaviour } from '../scene'
import { askedAtPromotion } from './asked-at-promotion'
import { assumesRole, ownsNothing, roleRefused } from './assumes-role'
import { attachedLate } from './attached-late'
import { connectionReused } from './connection-reused'
import { credentialsClosedFirst } from './credentials-closed-first'
import { cutTransactionUndone } from './cut-transaction-undone'
import { deadlineBeforeLeaseEnd } from './deadline-before-lease-end'
import { deadlineCutsAll } from './deadline-cuts-all'
import { deadlineCutsQuery } from './deadline-cuts-query'
import { deadlineCutsStream } from './deadline-cuts-stream'
import { deadlineCutsTransaction } from './deadline-cuts-transaction'
import { deadlineWithinMax } from './deadline-within-max'
import { destroyedByBorrower } from './destroyed-by-borrower'
import { destroyedWhileStale } from './destroyed-while-stale'
import { drainedBeforeRevoked } from './drained-before-revoked'
import { droppedUnderSession } from './dropped-under-session'
import { endServesWaiters, endServesWaitersOfStale } from './end-serves-waiters'
import { endWaitsForBorrowed } from './end-waits-for-borrowed'
import { endedDuringProbe } from './ended-during-probe'
import { endedDuringRotation } from './ended-during-rotation'
import { endedPoolDetached } from './ended-pool-detached'
import { errorsUnchanged } from './errors-unchanged'
import { eventsInOrder } from './events-in-order'
import { failedTransaction } from './failed-transaction'
import { failingStatement } from './failing-statement'
import { goodbyeUnanswered } from './goodbye-unanswered'
import { holderNeverReleases } from './holder-never-releases'
import { idleClosedByRotation } from './idle-closed-by-rotation'
import { inOrderAcrossRotation } from './in-order-across-rotation'
import { inOrder } from './in-order'
import { issueFails } from './issue-fails'
import { killedWhileBorrowed } from './killed-while-borrowed'
import { killedWhileIdle } from './killed-while-idle'
import { killedWhileStale } from './killed-while-stale'
import { largeResult } from './large-result'
import { leakSuspected, leakNotSuspected } from './leak-suspected'
import { leaseLost } from './lease-lost'
import { loginCut } from './login-cut'
import { loginOvertakenByRevocation } from './login-overtaken-by-revocation'
import { loginOvertaken } from './login-overtaken'
import { loginOvertakenByDeadline } from './login-overtaken-by-deadline'
import { loginsPaused } from './logins-paused'
import { logsInAsLeasedUser } from './logs-in-as-leased-user'
import { manyGenerations } from './many-generations'
import { neverAboveMax } from './never-above-max'
import { noSecrets } from './no-secrets'
import { noTimerLeft } from './no-timer-left'
import { numbersOfAPool } from './numbers-of-a-pool'
import { oldLeaseRenewed } from './old-lease-renewed'
import { oneCheckTellsOfAll } from './one-check-tells-of-all'
import { oneUserCloses } from './one-user-closes'
import { oneUserKeeps } from './one-user-keeps'
import { openedOnClosedCredentials } from './opened-on-closed-credentials'
import { passwordChanged } from './password-changed'
import { permissionDenied } from './permission-denied'
import { pingAnsweredLate } from './ping-answered-late'
import { pingByIdleTime } from './ping-by-idle-time'
import { pingFindsDead } from './ping-finds-dead'
import { pinned, pinnedUntilClose } from './pinned'
import { poolReplaced } from './pool-replaced'
import { poolsOfDifferentSize } from './pools-of-different-size'
import { probeOfOnePoolFails } from './probe-of-one-pool-fails'
import { probeQuery } from './probe-query'
import { probeRefused } from './probe-refused'
import { probeTriedAgain } from './probe-tried-again'
import { releasedTwice } from './released-twice'
import { replacedByItself } from './replaced-by-itself'
import { rotationShared } from './rotation-shared'
import { rotationsInARow } from './rotations-in-a-row'
import { savepoints } from './savepoints'
import { serverAwayBehaviours } from './server-away'
import { sessionState } from './session-state'
import { silentNetwork } from './silent-network'
import { streamAcrossRotation } from './stream-across-rotation'
import { thousandWaitersBehaviours } from './thousand-waiters'
import { tooManySessions } from './too-many-sessions'
import { transactionAcrossRotation } from './transaction-across-rotation'
import { twoPools } from './two-pools'
import { unusedPool } from './unused-pool'
import { userDropped } from './user-dropped'
import { userLocked } from './user-locked'
import { waiterAfterStale } from './waiter-after-stale'
import { waiterGivesUp } from './waiter-gives-up'
import { waitersWhenCredentialsClose } from './waiters-when-credentials-close'

/** What every leased pool does, each in a file of its own. */
export const BEHAVIOURS: readonly Behaviour[] = [
  askedAtPromotion,
  assumesRole,
  ownsNothing,
  roleRefused,
  attachedLate,
  connectionReused,
  credentialsClosedFirst,
  cutTransactionUndone,
  deadlineBeforeLeaseEnd,
  deadlineCutsAll,
  deadlineCutsQuery,
  deadlineCutsStream,
  deadlineCutsTransaction,
  deadlineWithinMax,
  destroyedByBorrower,
  destroyedWhileStale,
  drainedBeforeRevoked,
  droppedUnderSession,
  endServesWaiters,
  endServesWaitersOfStale,
  endWaitsForBorrowed,
  endedDuringProbe,
  endedDuringRotation,
  endedPoolDetached,
  errorsUnchanged,
  eventsInOrder,
  failedTransaction,
  failingStatement,
  goodbyeUnanswered,
  holderNeverReleases,
  idleClosedByRotation,
  inOrderAcrossRotation,
  inOrder,
  issueFails,
  killedWhileBorrowed,
  killedWhileIdle,
  killedWhileStale,
  largeResult,
  leakSuspected,
  leakNotSuspected,
  leaseLost,
  loginCut,
  loginOvertakenByRevocation,
  loginOvertaken,
  loginOvertakenByDeadline,
  loginsPaused,
  logsInAsLeasedUser,
  manyGenerations,
  ...neverAboveMax,
  noSecrets,
  noTimerLeft,
  numbersOfAPool,
  oldLeaseRenewed,
  oneCheckTellsOfAll,
  oneUserCloses,
  oneUserKeeps,
  openedOnClosedCredentials,
  passwordChanged,
  permissionDenied,
  pingAnsweredLate,
  pingByIdleTime,
  pingFindsDead,
  pinned,
  pinnedUntilClose,
  poolReplaced,
  poolsOfDifferentSize,
  probeOfOnePoolFails,
  probeQuery,
  probeRefused,
  probeTriedAgain,
  releasedTwice,
  replacedByItself,
  rotationShared,
  rotationsInARow,
  savepoints,
  ...serverAwayBehaviours,
  sessionState,
  silentNetwork,
  streamAcrossRotation,
  ...thousandWaitersBehaviours,
  tooManySessions,
  transactionAcrossRotation,
  twoPools,
  unusedPool,
  userDropped,
  userLocked,
  waiterAfterStale,
  waiterGivesUp,
  waitersWhenCredentialsClose,
]
