import { expect } from 'vitest'
import type { Step } from './case'
import type { Answer, Send } from './client'

/** Runs steps in a row; throws at the first answer that is not as the step says. */
export async function runSteps(send: Send, steps: readonly Step[], given: Readonly<Record<string, string>>): Promise<void> {
  const kept = { ...given }
  for (const step of steps) {
    const [method = '', path = ''] = filled(step.send, kept).split(' ')
    const token = filled(step.as ?? '$root', kept)
    const answer = await send({
      method,
      path,
      token,
      body: filledIn(step.body, kept),
      headers: filledIn(step.headers ?? {}, kept) as Record<string, string>,
    })
    check(step, answer)
    for (const [name, where] of Object.entries(step.keep ?? {})) kept[name] = String(find(answer.body, where))
  }
}

function check(step: Step, { status, body }: Answer): void {
  expect({ status, body }, step.send).toMatchObject({ status: step.status })
  if (step.errors) expect(body, step.send).toEqual({ errors: step.errors })
  if (step.answer === null) expect(body, step.send).toBeUndefined()
  else if (step.answer) expect(body, step.send).toMatchObject(step.answer)
  if (step.warnings !== undefined) expect((body as { warnings: unknown }).warnings, step.send).toEqual(step.warnings)
}

function filled(text: string, kept: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\w+)/g, (whole, name: string) => kept[name] ?? whole)
}

function filledIn(value: unknown, kept: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return filled(value, kept)
  if (Array.isArray(value)) return value.map((item) => filledIn(item, kept))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledIn(item, kept)]))
}

function find(body: unknown, where: string): unknown {
  return where.split('.').reduce((value, key) => (value as Record<string, unknown>)[key], body)
}
