/** Cases in which dev-vault is known to differ, and why; everything else in the table must come out as on real Vault. */
export const KNOWN: Readonly<Record<string, string>> = {}
