import { styleText } from 'node:util'
import { introOf } from './intro'
import { logLineOf, type Mood } from './log-line'
import type { Report } from './report'

const STYLES: Readonly<Record<Mood, 'green' | 'reset' | 'dim' | 'red'>> = {
  good: 'green',
  plain: 'reset',
  over: 'dim',
  bad: 'red',
}

/** Text for people: the introduction, then a line for each thing that happens. */
export function textReport(write: (text: string) => void, hasColour: boolean): Report {
  const line = (text: string): void => write(`${text}\n`)
  const paint = (mood: Mood, text: string): string => (hasColour ? styleText(STYLES[mood], text) : text)
  return {
    ready: (ready) => line(`\n${introOf(ready)}\n`),
    happened: (event, dateMs) => {
      const shown = logLineOf(event)
      if (shown !== undefined) line(`${paint('over', timeOf(dateMs))}  ${paint(shown.mood, shown.word.padEnd(7))}  ${shown.text}`)
    },
    ending: (why, users) => line(`\nEnding (${why}): ${users === 0 ? 'no database users to drop' : `dropping ${count(users)}`}`),
    ended: (dropped, left) => line(endOf(dropped, left)),
  }
}

/** Colours only for a terminal that shows them, and for people who want them (https://no-color.org). */
export function showsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

function endOf(dropped: number, left: number): string {
  if (left > 0) return `Dropped ${count(dropped)}; ${left} could not be dropped`
  return dropped === 0 ? 'Nothing is left.' : `Dropped ${count(dropped)}. Nothing is left.`
}

function count(users: number): string {
  return users === 1 ? '1 database user' : `${users} database users`
}

function timeOf(dateMs: number): string {
  return new Date(dateMs).toTimeString().slice(0, 8)
}
