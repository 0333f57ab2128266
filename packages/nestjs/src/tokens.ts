import { LeasedCredentials } from '@leasepool/core'
import { Inject, type InjectionToken } from '@nestjs/common'

/** The name of credentials that were given none. */
export const DEFAULT_NAME = 'default'

/**
 * What to inject the credentials of a name by, in `inject` of a factory. Those without a name have the class `LeasedCredentials` as their token, so
 * that a constructor gets them by their type.
 */
export function getCredentialsToken(name: string = DEFAULT_NAME): InjectionToken {
  return name === DEFAULT_NAME ? LeasedCredentials : `leasepool:credentials:${name}`
}

/** Injects the credentials of a name into a constructor's parameter or a property. */
export function InjectCredentials(name: string = DEFAULT_NAME): PropertyDecorator & ParameterDecorator {
  return Inject(getCredentialsToken(name))
}
