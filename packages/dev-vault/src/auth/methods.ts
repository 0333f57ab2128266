import { AppRoles } from './app-role'
import { appRoleRoutes } from './app-role-routes'
import type { Route } from '../http/route'
import { JwtLogins } from './jwt'
import { jwtRoutes } from './jwt-routes'
import { KubernetesLogins } from './kubernetes'
import { kubernetesRoutes } from './kubernetes-routes'
import type { LoginContext } from './login'
import { Users } from './userpass'
import { userpassRoutes } from './userpass-routes'

/** The login methods that can be mounted below `auth/`, by type: each makes the routes of a new mount. */
export const LOGIN_METHODS: ReadonlyMap<string, (context: LoginContext) => Route[]> = new Map([
  ['approle', (context: LoginContext) => appRoleRoutes(new AppRoles(context.time), context)],
  ['userpass', (context: LoginContext) => userpassRoutes(new Users(), context)],
  ['kubernetes', (context: LoginContext) => kubernetesRoutes(new KubernetesLogins(), context)],
  ['jwt', (context: LoginContext) => jwtRoutes(new JwtLogins(), context)],
])
