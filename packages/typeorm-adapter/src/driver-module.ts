import { OptionError } from '@leasepool/core'

const WHERE = 'leasedDataSource.driver'

/** A driver's module, and what of it is used. */
export interface Driver<T> {
  readonly name: string
  /** The installed one. */
  load(): T
  readonly members: readonly (string & keyof T)[]
}

/** The module that the option `driver` names, else the installed one. Throws `OptionError`. */
export function driverModule<T extends object>(given: object | undefined, driver: Driver<T>): T {
  const module = (given ?? installed(driver)) as T
  const missing = driver.members.filter((name) => typeof module[name] !== 'function')
  if (missing.length > 0) throw new OptionError(WHERE, 'the module of the driver', `one without ${missing.join(' and ')}`)
  return module
}

/** Loaded no sooner: an app has the one driver that it uses. */
function installed<T>({ name, load }: Driver<T>): T {
  try {
    return load()
  } catch (cause) {
    const isMissing = (cause as { code?: unknown }).code === 'MODULE_NOT_FOUND'
    if (!isMissing) throw cause
    throw new OptionError(WHERE, `the module of the driver, or ${name} installed (npm install ${name})`, 'neither')
  }
}
