import { checkOptions, nonEmptyString } from '../../options'
import type { Login } from '../login'
import { vaultPath } from '../names'
import { readSecret } from './secret'

/** In a pod, by the token of its service account. */
export interface KubernetesAuth {
  readonly method: 'kubernetes'
  readonly role: string
  /** Where the token is mounted; it is read again at every login. @default '/var/run/secrets/kubernetes.io/serviceaccount/token' */
  readonly jwtPath?: string
  /** @default 'kubernetes' */
  readonly mount?: string
}

export function kubernetesLogin(where: string, auth: KubernetesAuth): Login {
  checkOptions<KubernetesAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    role: { check: nonEmptyString, required: true },
    jwtPath: { check: nonEmptyString },
    mount: { check: vaultPath },
  })
  const { role, jwtPath: file = '/var/run/secrets/kubernetes.io/serviceaccount/token' } = auth
  const path = `auth/${auth.mount ?? 'kubernetes'}/login`
  return {
    method: 'kubernetes',
    canLogIn: true,
    ownsToken: true,
    async logIn(client, signal) {
      const jwt = await readSecret({ address: client.address, method: 'POST', path }, 'The service account token', { file })
      return client.login(path, { role, jwt: jwt.trim() }, signal)
    },
  }
}
