/** The last line of the output, as JSON. */
export interface Result {
  readonly queries: number
  readonly failed: number
  readonly rotations: number
  readonly renewals: number
  readonly peakSockets: number
  readonly max: number
  readonly usersLeft: number
  readonly leasesLeft: number
  readonly seconds: number
}

/** Whether leasepool kept its promises: no query failed, no socket too many, nothing left behind. */
export function isKept({ failed, peakSockets, max, usersLeft, leasesLeft }: Result): boolean {
  return failed === 0 && peakSockets <= max && usersLeft === 0 && leasesLeft === 0
}
