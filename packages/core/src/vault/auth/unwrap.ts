import { VaultLoginError, VaultRefusedError, type VaultRequestInfo } from '../../errors'
import type { VaultClient } from '../client'

/** The answer that a wrapping token holds. Rejects with `VaultLoginError` when it cannot be had any more. */
export function unwrap(client: VaultClient, wrappingToken: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  return orUsed(client, 'sys/wrapping/unwrap', client.unwrap(wrappingToken, signal))
}

/** Looks, without unwrapping, at which request it was that Vault wrapped the answer of; anything else than `expected` was put there. */
export async function checkOrigin(
  client: VaultClient,
  wrappingToken: string,
  expected: { readonly pattern: RegExp; readonly text: string },
  signal: AbortSignal,
): Promise<void> {
  const path = 'sys/wrapping/lookup'
  const origin = await orUsed(client, path, client.wrappedBy(wrappingToken, signal))
  if (expected.pattern.test(origin)) return
  const problem = `the wrapping token was made by ${JSON.stringify(origin.slice(0, 200))}, not by ${expected.text}: somebody may have put it in place of the real one`
  throw new VaultLoginError(infoOf(client, path), 'wrapping-token-tampered', problem)
}

async function orUsed<T>(client: VaultClient, path: string, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (cause) {
    if (!(cause instanceof VaultRefusedError)) throw cause
    const problem = 'the wrapping token was unwrapped already, or has expired: if not by us, somebody may have intercepted it'
    throw new VaultLoginError(infoOf(client, path), 'wrapping-token-used', problem, { cause })
  }
}

function infoOf(client: VaultClient, path: string): VaultRequestInfo {
  return { address: client.address, method: 'POST', path }
}
