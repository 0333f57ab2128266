import { blocksHold, SOURCE_ADDRESS } from '../auth/cidr'
import { multiError, VaultError } from './respond'
import type { Token, Tokens } from '../tokens/tokens'

/** The live token with an id, whatever it may do. Throws 403 with Vault's texts. */
export function authenticate(tokens: Tokens, id: string): Token {
  if (id === '') throw new VaultError(403, 'permission denied')
  const token = tokens.find(id)
  if (token === undefined) throw new VaultError(403, multiError('permission denied', 'invalid token'))
  const isElsewhere = token.boundCidrs.length > 0 && !blocksHold(token.boundCidrs, SOURCE_ADDRESS)
  if (isElsewhere) throw new VaultError(403, 'permission denied')
  return token
}
