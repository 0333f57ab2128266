import type { Fields } from '../http/fields'
import type { PathRule } from './policy'

/** Whether what a request says by name is what a rule asks for, forbids and allows, as Vault judges it. */
export function parametersAllowed(rule: PathRule, fields: Fields): boolean {
  const { requiredParameters = [], deniedParameters = {}, allowedParameters = {} } = rule
  if (!requiredParameters.every((name) => fields.has(name.toLowerCase()))) return false
  const sent = Object.entries(fields.all()).map(([name, value]) => [name.toLowerCase(), value] as const)
  if (sent.length === 0) return true
  if (Object.hasOwn(deniedParameters, '*')) return false
  if (sent.some(([name, value]) => Object.hasOwn(deniedParameters, name) && isAmong(value, deniedParameters[name]!, 'some'))) {
    return false
  }
  if (Object.keys(allowedParameters).length === 0) return true
  return sent.every(([name, value]) => {
    if (!Object.hasOwn(allowedParameters, name)) return Object.hasOwn(allowedParameters, '*')
    return isAmong(value, allowedParameters[name]!, 'every')
  })
}

/** No value at all stands for any. Of a list, `every` or `some` item must be among them. */
function isAmong(value: unknown, values: readonly unknown[], which: 'every' | 'some'): boolean {
  if (values.length === 0) return true
  const matches = (item: unknown): boolean => values.some((wanted) => isSame(item, wanted))
  if (!Array.isArray(value) || matches(value)) return matches(value)
  return which === 'every' ? value.every(matches) : value.some(matches)
}

/** Texts may have `*` at either end. */
function isSame(value: unknown, wanted: unknown): boolean {
  if (typeof value !== 'string' || typeof wanted !== 'string') return JSON.stringify(value) === JSON.stringify(wanted)
  const middle = wanted.replace(/^\*/, '').replace(/\*$/, '')
  if (wanted.length > 1 && wanted.startsWith('*') && wanted.endsWith('*')) return value.includes(middle)
  if (wanted.startsWith('*')) return value.endsWith(middle)
  return wanted.endsWith('*') ? value.startsWith(middle) : value === wanted
}
