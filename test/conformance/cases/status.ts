import { expect } from 'vitest'
import { type Case, E1, E2, OPENBAO_ONLY, VAULT_ONLY } from '../case'

const DENIED = E1('permission denied')

/** Status paths, and what is refused before a backend is asked. */
export const STATUS: readonly Case[] = [
  {
    id: '1',
    name: 'is healthy without a token',
    steps: [{ send: 'GET sys/health', as: '', status: 200, answer: { initialized: true, sealed: false, standby: false } }],
  },
  {
    id: '2',
    name: 'answers health with the code that is asked for',
    steps: [
      { send: 'GET sys/health?activecode=299', as: '', status: 299, answer: { initialized: true, sealed: false } },
      { send: 'GET sys/health?activecode=nonsense', as: '', status: 400 },
      { send: 'HEAD sys/health', as: '', status: 200, answer: null },
    ],
  },
  {
    id: '3',
    name: 'shows its seal outside of the envelope',
    story: async (bed) => {
      const { status, body } = await bed.call('GET', 'sys/seal-status', undefined, '')
      expect({ status, ...(body as object) }).toMatchObject({ status: 200, type: 'shamir', sealed: false, t: 1, n: 1 })
      expect(body).not.toHaveProperty('request_id')
    },
  },
  {
    id: '4',
    name: 'names its leader',
    steps: [{ send: 'GET sys/leader', as: '', status: 200, answer: { ha_enabled: expect.any(Boolean) } }],
  },
  {
    id: '5',
    name: 'refuses a request without a token',
    steps: [{ send: 'GET database/creds/ro', as: '', status: 403, errors: ['permission denied'] }],
  },
  {
    id: '6',
    name: 'tells a dead token from a refusing policy',
    servers: VAULT_ONLY,
    steps: [{ send: 'GET database/creds/ro', as: 's.bogus', status: 403, errors: [E2('permission denied', 'invalid token')] }],
  },
  {
    id: '6 O',
    name: 'refuses a dead token as it does a missing one',
    servers: OPENBAO_ONLY,
    steps: [{ send: 'GET database/creds/ro', as: 's.bogus', status: 403, errors: ['permission denied'] }],
  },
  {
    id: '7',
    name: 'refuses what no policy allows',
    steps: [{ send: 'GET database/roles/ro', as: '$min', status: 403, errors: [DENIED] }],
  },
  {
    id: '8',
    name: 'asks the policy before it looks for the mount',
    steps: [
      { send: 'GET nomount/x', status: 404, errors: ['no handler for route "nomount/x". route entry not found.'] },
      { send: 'GET nomount/x', as: '$min', status: 403, errors: [DENIED] },
    ],
  },
  {
    id: '9',
    name: 'refuses an operation that a path does not know',
    steps: [
      { send: 'GET sys/leases/lookup', status: 405, errors: [E1('unsupported operation')] },
      { send: 'DELETE database/creds/ro', status: 405, errors: [E1('unsupported operation')] },
      { send: 'GET database/nonsense/x', status: 404, errors: [E1('unsupported path')] },
    ],
  },
  {
    id: '10',
    name: 'answers a read of nothing with an empty list of errors',
    steps: [{ send: 'GET database/roles/absent', status: 404, errors: [] }],
  },
  {
    id: '72',
    name: 'ignores an unknown namespace, and takes a bearer token',
    servers: VAULT_ONLY,
    steps: [
      { send: 'GET auth/token/lookup-self', headers: { 'X-Vault-Namespace': 'nosuch' }, status: 200 },
      { send: 'GET auth/token/lookup-self', as: '', headers: { Authorization: 'Bearer $root' }, status: 200 },
    ],
  },
  {
    id: '72 O',
    name: 'knows no namespace but those that were made',
    servers: OPENBAO_ONLY,
    steps: [
      {
        send: 'GET auth/token/lookup-self',
        headers: { 'X-Vault-Namespace': 'nosuch' },
        status: 404,
        errors: [expect.stringContaining('namespace not found')],
      },
    ],
  },
]
