import { VaultError } from './respond'

/**
 * Reads the JSON object of a request body; nothing at all and `null` are an empty one. Throws 400 for anything else.
 */
export function readJsonObject(text: string): object {
  if (text.trim() === '') return {}
  const value = parsed(text)
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw refused(`json: cannot unmarshal ${type} into Go value of type map[string]interface {}`)
  }
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    const first = text.trim().charAt(0)
    throw refused(`invalid character '${first}' looking for beginning of value`)
  }
}

function refused(why: string): VaultError {
  return new VaultError(400, `error parsing JSON: failed to parse JSON input: ${why}`)
}
