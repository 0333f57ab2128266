/** An answer as an object; anything else becomes an empty one. */
export function asRecord(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

/** Vault's id of a request, by which its audit log can be searched. */
export interface RequestId {
  readonly requestId?: string
}

export function requestIdOf(body: Record<string, unknown>): RequestId {
  const { request_id: requestId } = body
  return typeof requestId === 'string' && requestId !== '' ? { requestId } : {}
}

/** The object at `key`, where there is one. */
export function recordAt(body: Record<string, unknown>, key: string): Record<string, unknown> | undefined {
  const value = body[key]
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}
