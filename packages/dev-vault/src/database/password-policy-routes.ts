import type { Fields } from '../http/fields'
import { generatePassword, type NamedPasswordPolicy, parsePasswordPolicy, type PasswordPolicies } from './password-policy'
import { multiError, VaultError } from '../http/respond'
import type { Route } from '../http/route'

/** `sys/policies/password`. */
export function passwordPolicyRoutes(policies: PasswordPolicies): Route[] {
  return [
    { pattern: /^policies\/password\/?$/, fields: {}, list: () => listed(policies) },
    {
      pattern: /^policies\/password\/(.+)\/generate$/,
      fields: { name: 'string' },
      read: ({ params }) => ({ data: { password: generatePassword(found(policies, params[0]!).policy) } }),
    },
    {
      pattern: /^policies\/password\/(.+)$/,
      fields: { name: 'string', policy: 'string' },
      read: ({ params }) => ({ data: { policy: found(policies, params[0]!).text } }),
      update: ({ params, fields }) => {
        policies.set(params[0]!, policyOf(fields))
        return { status: 204 }
      },
      delete: ({ params }) => void policies.delete(params[0]!),
    },
  ]
}

function listed(policies: PasswordPolicies): { data: { keys: string[] } } {
  return { data: { keys: [...policies.keys()].sort() } }
}

function found(policies: PasswordPolicies, name: string): NamedPasswordPolicy {
  const policy = policies.get(name)
  if (policy === undefined) throw new VaultError(404, multiError('policy does not exist'))
  return policy
}

function policyOf(fields: Fields): NamedPasswordPolicy {
  const given = fields.string('policy') ?? ''
  if (given === '') throw new VaultError(400, multiError('missing policy'))
  const text = decodedBase64(given)
  try {
    return { text, policy: parsePasswordPolicy(text) }
  } catch (error) {
    throw new VaultError(400, multiError((error as Error).message))
  }
}

function decodedBase64(text: string): string {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : text
}
