import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

const root = join(__dirname, '..', '..')
const examples = join(root, 'examples', 'kubernetes')
const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'))

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
}

const manifests = files.flatMap((file) =>
  parseAllDocuments(readFileSync(join(examples, file), 'utf8')).map((document) => ({
    file,
    manifest: document.toJS() as Manifest,
  })),
)

type Model = new (data: unknown) => { validate(): void }

/** Without its types, which the compiler's strict settings for our own do not pass. */
async function modelOf({ apiVersion, kind }: Manifest): Promise<Model> {
  return ((await import(`kubernetes-models/${apiVersion}/${kind}`)) as Record<string, Model>)[kind]!
}

/** In no package; from https://developer.hashicorp.com/vault/docs/platform/k8s/vso/api-reference, as far as they are used. */
const OPERATOR = `
  interface Named { apiVersion: 'secrets.hashicorp.com/v1beta1'; metadata: { name: string; namespace: string } }
  export interface VaultConnection extends Named { kind: 'VaultConnection'; spec: { address: string; caCertSecretRef?: string } }
  export interface VaultAuth extends Named {
    kind: 'VaultAuth'
    spec: { vaultConnectionRef: string; method: 'kubernetes'; mount: string; kubernetes: { role: string; serviceAccount: string; audiences: string[] } }
  }
  export interface VaultDynamicSecret extends Named {
    kind: 'VaultDynamicSecret'
    spec: { vaultAuthRef: string; mount: string; path: string; renewalPercent?: number; revoke?: boolean; destination: { name: string; create: boolean } }
  }`

const folder = mkdtempSync(join(root, 'node_modules', '.leasepool-kubernetes-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The compiler knows every field that there is, and no others; `undefined` if it has nothing to say. */
async function compiled(all: readonly Manifest[]): Promise<string | undefined> {
  const lines = all.map((manifest, number) => `export const m${number}: ${manifest.kind} = ${JSON.stringify(manifest)}`)
  const imports = `import type { IDeployment as Deployment } from 'kubernetes-models/apps/v1/Deployment'
    import type { IServiceAccount as ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'`
  const file = join(folder, 'manifests.ts')
  writeFileSync(file, [imports, OPERATOR, ...lines].join('\n'))
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'node20', '--ignoreConfig', file]
  return promisify(execFile)(join(root, 'node_modules', '.bin', 'tsc'), options, { cwd: folder }).then(
    () => undefined,
    (error: { stdout: string }) => error.stdout,
  )
}

/** All others are the operator's. */
const ofKubernetes = manifests.filter(({ manifest }) => manifest.apiVersion !== 'secrets.hashicorp.com/v1beta1')

describe.each(ofKubernetes)('$file: $manifest.kind', ({ manifest }) => {
  test('is valid by the schema of Kubernetes’ API', async () => {
    const Model = await modelOf(manifest)
    new Model(manifest).validate()
    expect(() => new Model({ ...manifest, metadata: { name: 1 } }).validate()).toThrow()
  })

  if (manifest.kind !== 'Deployment') return
  test('fits together', () => {
    const { selector, template } = (manifest as unknown as { spec: DeploymentSpec }).spec
    expect(template.metadata.labels).toMatchObject(selector.matchLabels)
    const { containers, volumes = [], terminationGracePeriodSeconds } = template.spec
    const names = volumes.map(({ name }) => name)
    for (const { volumeMounts = [], ports, ...probes } of containers) {
      expect(names).toEqual(expect.arrayContaining(volumeMounts.map(({ name }) => name)))
      expect(ports).toMatchObject([{ name: 'http' }])
      expect([probes.readinessProbe?.httpGet.path, probes.livenessProbe?.httpGet.path]).toEqual(['/readyz', '/healthz'])
    }
    expect(terminationGracePeriodSeconds).toBeGreaterThan(30)
  })
})

interface DeploymentSpec {
  readonly selector: { readonly matchLabels: object }
  readonly template: {
    readonly metadata: { readonly labels: object }
    readonly spec: {
      readonly containers: readonly Container[]
      readonly volumes?: readonly { readonly name: string }[]
      readonly terminationGracePeriodSeconds?: number
    }
  }
}

interface Container {
  readonly ports: readonly object[]
  readonly volumeMounts?: readonly { readonly name: string }[]
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
}

interface Probe {
  readonly httpGet: { readonly path: string }
}

test('no manifest has a field that there is not', async () => {
  expect(await compiled(manifests.map(({ manifest }) => manifest))).toBeUndefined()
  const { manifest } = manifests.find(({ manifest: { kind } }) => kind === 'Deployment')!
  expect(await compiled([{ ...manifest, speck: {} } as Manifest])).toContain('speck')
})
