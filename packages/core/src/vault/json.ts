/** An answer as an object; anything else becomes an empty one. */
export function asRecord(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

/** The object at `key`, where there is one. */
export function recordAt(body: Record<string, unknown>, key: string): Record<string, unknown> | undefined {
  const value = body[key]
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}
