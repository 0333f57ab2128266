import type { OptionCheck } from '../options'

/** What can be sent as a header; a token read from a file likes to end with a line break. */
export const headerText: OptionCheck = (value) =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? undefined : 'a text without spaces or line breaks'

/** A path of Vault: nothing that a URL would read as something else, and no way up. */
export const vaultPath: OptionCheck = (value) => {
  const expected = 'a path such as "database"'
  if (typeof value !== 'string' || !/^[^\s?#%\\]+$/.test(value)) return expected
  return value.split('/').every((part) => part !== '' && part !== '.' && part !== '..') ? undefined : expected
}

/** The name of a role: one segment of such a path. */
export const vaultName: OptionCheck = (value) =>
  typeof value === 'string' && !value.includes('/') && vaultPath(value) === undefined
    ? undefined
    : 'the name of a role, without "/"'
