import { createHash } from 'node:crypto'

/** A short stable name for a lease id, safe to print: who knows a lease id itself can renew and revoke the lease. */
export function leaseName(leaseId: string): string {
  return createHash('sha256').update(leaseId).digest('hex').slice(0, 12)
}

/** Vault's id of the request that something came from, where it has one. */
export function askedAs(answer: { readonly requestId?: string } | undefined): { requestId?: string } {
  return answer?.requestId === undefined ? {} : { requestId: answer.requestId }
}
