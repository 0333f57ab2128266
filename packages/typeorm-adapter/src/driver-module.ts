import { OptionError } from '@leasepool/core'

/** The module that the option `driver` names, else the installed one. Throws `OptionError`. */
export function withMembers<T extends object>(given: object | undefined, installed: object, members: readonly string[]): T {
  const module = given ?? installed
  const missing = members.filter((name) => typeof (module as Record<string, unknown>)[name] !== 'function')
  if (missing.length > 0) {
    throw new OptionError('leasedDataSource.driver', 'the module of the driver', `one without ${missing.join(' and ')}`)
  }
  return module as T
}
