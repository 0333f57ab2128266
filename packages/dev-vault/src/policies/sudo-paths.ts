/** Paths that need `sudo` besides the capability of the operation: those that Vault 1.21 marks so, of the routes that are here. */
const SUDO_PATHS = [
  /^sys\/auth\//,
  /^sys\/(remount|seal|step-down|leases|rotate|audit|raw)$/,
  /^sys\/(audit|raw)\//,
  /^sys\/config\/(cors$|auditing\/|ui\/headers\/)/,
  /^sys\/plugins\/(runtimes\/)?catalog\//,
  /^sys\/internal\/(inspect\/|counters\/activity\/export$)/,
  /^sys\/(leases\/)?revoke-(prefix|force)\//,
  /^sys\/leases\/lookup\//,
  /^auth\/token\/(revoke-orphan|accessors\/)$/,
]

/** Whether a path can be used by root and with `sudo` only. */
export function needsSudo(path: string): boolean {
  return SUDO_PATHS.some((pattern) => pattern.test(path))
}
