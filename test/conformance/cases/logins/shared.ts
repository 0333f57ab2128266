import { keyPair } from '../../../support/signed-jwt'
import { type Bed, refused, uniqueName } from '../../bed'
import type { Answer } from '../../client'

/** Whom the mounts of these cases trust. */
export const keys = keyPair()

/** A login that must succeed; gives the `auth` object. */
export async function logIn(bed: Bed, path: string, body: object): Promise<Record<string, unknown>> {
  return (await bed.ok('POST', path, body, '')).body.auth as Record<string, unknown>
}

/** A login method mounted at a path of its own, which it gives. */
export async function mount(bed: Bed, type: string): Promise<string> {
  const path = uniqueName(type)
  await bed.ok('POST', `sys/auth/${path}`, { type })
  return `auth/${path}`
}

/** Requests that all must be refused with these words. */
export async function allRefused(rows: readonly (readonly [Promise<Answer>, number, unknown])[]): Promise<void> {
  for (const [answer, status, text] of rows) refused(await answer, status, text)
}
