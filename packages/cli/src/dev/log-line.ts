import type { DevVaultEvent } from '@leasepool/dev-vault'
import { formatDuration } from '../durations'

/** How a line is to be coloured, where colours are shown. */
export type Mood = 'good' | 'plain' | 'over' | 'bad'

export interface LogLine {
  readonly mood: Mood
  readonly word: string
  readonly text: string
}

/** One short line for what a person wants to see happen; nothing for other requests that were answered well. */
export function logLineOf(event: DevVaultEvent): LogLine | undefined {
  switch (event.type) {
    case 'answered':
      return answeredLine(event.method, event.path.replace(/^\/v1\//, ''), event.status)
    case 'issued':
      return { mood: 'good', word: 'issued', text: `${event.username} for role ${event.role}, ${ttl(event)}` }
    case 'renewed':
      return { mood: 'plain', word: 'renewed', text: `${event.username}, ${ttl(event)}` }
    case 'ended':
      return { mood: 'over', word: event.reason, text: `${event.username} is dropped` }
    case 'revokeFailed':
      return {
        mood: 'bad',
        word: 'kept',
        text: `${event.username} could not be dropped, attempt ${event.attempt}: ${event.cause}`,
      }
  }
}

function answeredLine(method: string, path: string, status: number): LogLine | undefined {
  const isStatus = /^sys\/(health|seal-status|leader)$/.test(path)
  if (status >= 400 && !isStatus) return { mood: 'bad', word: 'refused', text: `${method} ${path}: ${status}` }
  const login = /^(auth\/.+)\/login(\/|$)/.exec(path)
  return login === null ? undefined : { mood: 'plain', word: 'login', text: `at ${login[1]}` }
}

function ttl({ ttlSeconds }: { readonly ttlSeconds: number }): string {
  return formatDuration(ttlSeconds)
}
