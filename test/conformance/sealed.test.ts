import { afterAll, beforeAll, expect, test } from 'vitest'
import { serverKinds, startVaultServers, type VaultServer } from '../support/vault-server'
import type { Step } from './case'
import { client } from './client'
import { runSteps } from './steps'

/** Servers of their own: a seal stops all that others do. */
let servers: VaultServer[]
beforeAll(async () => void (servers = await startVaultServers()))
afterAll(() => Promise.all(servers.map((server) => server.close())))

const SEALED = ['Vault is sealed']
const UNSEAL_STATUS = { sealed: true, initialized: true, t: 1, n: 1, progress: 0 }

const STEPS: readonly Step[] = [
  { send: 'POST secret/data/a', body: { data: { a: 1 } }, status: 200 },
  { send: 'POST sys/policies/acl/min', body: { policy: 'path "secret/*" { capabilities = ["read"] }' }, status: 204 },
  { send: 'POST auth/token/create', body: { policies: ['min'] }, status: 200, keep: { min: 'auth.client_token' } },
  { send: 'PUT sys/seal', as: '$min', status: 403 },
  { send: 'PUT sys/seal', as: '', status: 403 },
  { send: 'GET sys/seal', status: 405 },
  { send: 'GET secret/data/a', status: 200 },
  { send: 'PUT sys/seal', status: 204, answer: null },
  { send: 'GET secret/data/a', status: 503, errors: SEALED },
  { send: 'GET secret/data/a', as: 'hvs.wrong', status: 503, errors: SEALED },
  { send: 'LIST secret/metadata', status: 503, errors: SEALED },
  { send: 'GET sys/mounts', status: 503, errors: SEALED },
  { send: 'POST auth/token/create', body: {}, status: 503, errors: SEALED },
  { send: 'POST sys/leases/renew', body: { lease_id: 'x' }, status: 503, errors: SEALED },
  { send: 'GET nomount/x', status: 503, errors: SEALED },
  { send: 'GET sys/health', as: '', status: 503, answer: { initialized: true, sealed: true, standby: true } },
  { send: 'GET sys/health?sealedcode=299', as: '', status: 299, answer: { sealed: true } },
  { send: 'HEAD sys/health', as: '', status: 503, answer: null },
  { send: 'GET sys/seal-status', as: '', status: 200, answer: { ...UNSEAL_STATUS, type: 'shamir' } },
  { send: 'GET sys/init', as: '', status: 200, answer: { initialized: true } },
  { send: 'GET sys/leader', as: '', status: 200, answer: { ha_enabled: false, is_self: false, leader_address: '' } },
  { send: 'POST sys/unseal', as: '', body: { key: 'zz' }, status: 400, errors: ["'key' must be a valid hex or base64 string"] },
  {
    send: 'POST sys/unseal',
    as: '',
    body: {},
    status: 400,
    errors: ["'key' must be specified in request body as JSON, or 'reset' set to true"],
  },
  { send: 'POST sys/unseal', as: '', body: { reset: true }, status: 200, answer: UNSEAL_STATUS },
  { send: 'PUT sys/seal', status: 204, answer: null },
]

test.for(serverKinds())('%s answers nothing but its state while it is sealed', async (kind) => {
  const { address, rootToken } = servers.find(({ name }) => name === kind)!
  await expect(runSteps(client(address), STEPS, { root: rootToken })).resolves.toBeUndefined()
})
