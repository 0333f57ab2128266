/** Said once each: a function that gives a configuration is asked for every connection. */
const said = new Set<string>()

/** A process warning that `names` in the configuration `where` are not used, since somebody meant them. */
export function warnLoginDropped(where: string, names: string): void {
  const message = `${where}: ${names} in the connection configuration are not used; leasepool logs in with the lease's own`
  if (said.has(message)) return
  said.add(message)
  process.emitWarning(message, { type: 'LeasepoolWarning', code: 'LEASEPOOL_LOGIN_DROPPED' })
}
