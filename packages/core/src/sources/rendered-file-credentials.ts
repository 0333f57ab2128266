import { LeasedCredentials } from '../leased-credentials'
import { leasedCredentialsOptionRules, type LeasedCredentialsOptions } from '../leased-credentials-options'
import { checkOptions, pick, type OptionRules } from '../options'
import { RenderedFile, renderedFileRules, type RenderedFileOptions } from './rendered-file'

export interface RenderedFileCredentialsOptions extends RenderedFileOptions, LeasedCredentialsOptions {}

const rules: OptionRules<RenderedFileCredentialsOptions> = { ...renderedFileRules, ...leasedCredentialsOptionRules }

/**
 * Takes the database user that somebody else writes to a file, and follows the file from then on.
 *
 * Rejects with `OptionError` for options that cannot be right, and with `StartTimeoutError` when there is no usable file for
 * `startTimeoutMs`; its `cause` is a `RenderedFileError`.
 */
export async function renderedFileCredentials(options: RenderedFileCredentialsOptions): Promise<LeasedCredentials> {
  checkOptions('renderedFileCredentials', options, rules)
  const source = new RenderedFile('renderedFileCredentials', pick(options, renderedFileRules) as RenderedFileOptions)
  return LeasedCredentials.start(source, pick(options, leasedCredentialsOptionRules))
}
