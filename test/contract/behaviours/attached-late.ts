import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const attachedLate: Behaviour = {
  name: 'a pool that is opened after some rotations logs in with the credential of now, and takes part in the next',
  async run({ open, who, user, credentials }) {
    await credentials.rotate()
    await credentials.rotate()
    const late = open()
    expect(await who(late)).toBe(user())
    const before = user()
    await credentials.rotate()
    expect(await who(late)).toBe(user())
    expect(user()).not.toBe(before)
  },
}
