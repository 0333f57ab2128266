import { expect } from 'vitest'
import type { Behaviour } from '../scene'

export const permissionDenied: Behaviour = {
  name: 'what an app may not is answered with the driver’s own error, costs no credential, and its pool serves on',
  max: 1,
  async run({ server, pool, who, user, credentials, log }) {
    const sql = `SELECT * FROM ${server.forbiddenTable}`
    for (let turn = 0; turn < 3; turn++) {
      await expect(pool.query(sql)).rejects.toMatchObject({ code: server.forbidden })
      expect(await who(pool)).toBe(user())
    }
    expect(credentials.generation).toBe(1)
    expect(log.of('loginRefused')).toEqual([])
  },
}
