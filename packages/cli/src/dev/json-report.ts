import type { DevDatabase } from './databases'
import type { Ready, Report } from './report'

/** One line of JSON for each thing that happens, the first one with everything that an app needs to log in. */
export function jsonReport(write: (text: string) => void): Report {
  const line = (value: object): void => write(`${JSON.stringify(value)}\n`)
  return {
    ready: (ready) => line({ type: 'ready', ...withoutForeignPasswords(ready) }),
    happened: (event, dateMs) => line({ ...event, at: new Date(dateMs).toISOString() }),
    ending: (why, users) => line({ type: 'ending', why, users }),
    ended: (dropped, left) => line({ type: 'ended', dropped, left }),
  }
}

function withoutForeignPasswords(ready: Ready): object {
  return { ...ready, databases: ready.databases.map(shown) }
}

/** An administrator's url is shown only for a server of our own, which ends with us. */
function shown({ adminUrl, isOwn, ...database }: DevDatabase): object {
  return isOwn ? { ...database, adminUrl } : database
}
