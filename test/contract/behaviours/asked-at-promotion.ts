import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const askedAtPromotion: Behaviour = {
  name: 'who asks at the moment of `rotated` gets the new user in every pool, though old connections were idle a moment ago',
  async run({ server, pool, open, who, user, credentials }) {
    const other = open()
    await Promise.all([pool, other].map((each) => each.query(server.sleep(5))))
    const asked: Promise<string>[] = []
    credentials.once('rotated', () => asked.push(who(pool), who(other)))
    await credentials.rotate()
    expect(await Promise.all(asked)).toEqual([user(), user()])
  },
}
