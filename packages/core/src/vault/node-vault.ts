import nodeVault from 'node-vault'
import { VaultError, VaultUnavailableError, type VaultRequestInfo } from '../errors'
import { objectWith } from '../options'
import type { Clock } from '../clock'
import { JointSignal } from '../joint-signal'
import { unlessAborted } from '../unless-aborted'
import { bodyOf, secretsIn } from './transport/answer'
import { vaultTransport, type TransportOptions, type TransportRequest, type TransportResponse } from './transport/transport'

/** What leasepool needs of a client of node-vault. */
export interface NodeVaultClient {
  readonly endpoint: string
  read(path: string, options?: object): Promise<unknown>
  write(path: string, data: unknown, options?: object): Promise<unknown>
}

export const nodeVaultCheck = (value: unknown): string | undefined => {
  const { endpoint } = (value ?? {}) as { endpoint?: unknown }
  const isOne = objectWith('read', 'write')(value) === undefined && typeof endpoint === 'string' && URL.canParse(endpoint)
  return isOne ? undefined : 'a client that node-vault made'
}

/** One request of ours. A fresh object for each: node-vault writes into it. */
export interface CallOptions {
  readonly token?: string
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/** How requests get to Vault. All reject with a `VaultError`. */
export interface VaultApi {
  read(path: string, options: CallOptions): Promise<unknown>
  write(path: string, body: object, options: CallOptions): Promise<unknown>
}

/** node-vault over a transport of our own. */
export function ownApi(options: TransportOptions & { readonly namespace?: string | undefined }): VaultApi {
  const send = vaultTransport(options)
  const request: { defaults(): (request: TransportRequest) => Promise<TransportResponse> } = { defaults: () => send }
  const client = nodeVault({
    endpoint: options.addresses[0]!,
    // node-vault reads its own environment variables; ours have been read by now.
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    'request-promise': request,
    debug: () => undefined, // its debug logger prints what it writes
  } as nodeVault.VaultOptions)
  // It has taken VAULT_TOKEN and VAULT_PREFIX all the same: the one would be sent with logins, the other moves every request.
  Object.assign(client, { token: '', pathPrefix: '' })
  return {
    read: (path, { token, ...more }) => client.read(path, { ...more, headers: headers(token) }),
    write: (path, body, { token, ...more }) => client.write(path, body, { ...more, headers: headers(token) }),
  }
}

/**
 * A client that the app has made. Its requests go as it sends them: with its own TLS, redirects and token where we send none. Errors are
 * made ours, since its own hold the request with its token; and nobody waits for longer than the time limit.
 */
export function handedInApi(client: NodeVaultClient, requestTimeoutMs: number, clock: Clock): VaultApi {
  const address = new URL(client.endpoint).origin

  async function call(
    info: VaultRequestInfo,
    body: unknown,
    options: CallOptions,
    send: (more: object) => Promise<unknown>,
  ): Promise<unknown> {
    const { token, timeoutMs = requestTimeoutMs } = options
    const limit = AbortSignal.timeout(timeoutMs)
    const joint = new JointSignal(limit, ...(options.signal === undefined ? [] : [options.signal]))
    joint.signal.throwIfAborted()
    try {
      return await unlessAborted(send({ headers: headers(token), timeout: timeoutMs }), joint.signal)
    } catch (cause) {
      if (limit.aborted) throw new VaultUnavailableError(info, `no answer within ${timeoutMs} ms`)
      if (options.signal?.aborted === true) throw new VaultUnavailableError(info, 'The operation was aborted')
      throw translated(info, cause, secretsIn(body, token), clock)
    } finally {
      joint.clear()
    }
  }
  return {
    read: (path, options) => call({ address, method: 'GET', path }, undefined, options, (more) => client.read(path, more)),
    write: (path, body, options) =>
      call({ address, method: 'POST', path }, body, options, (more) => client.write(path, body, more)),
  }
}

/** Without the error that it comes from: node-vault's network errors hold the token and the body. */
function translated(info: VaultRequestInfo, cause: unknown, secrets: readonly string[], clock: Clock): VaultError {
  const { response, code } = (cause ?? {}) as { response?: { statusCode?: unknown; body?: unknown }; code?: unknown }
  if (typeof response?.statusCode !== 'number') {
    return new VaultUnavailableError(info, typeof code === 'string' ? code : 'the request failed')
  }
  const text = typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? '')
  try {
    bodyOf(info, { status: response.statusCode, headers: {}, text }, secrets, clock)
  } catch (error) {
    if (error instanceof VaultError) return error
  }
  return new VaultUnavailableError(info, `${response.statusCode}, which the client refused`, response.statusCode)
}

function headers(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { 'X-Vault-Token': token }
}
