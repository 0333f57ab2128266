/** Looks again until `probe` is true; fails after `deadlineMs`, and one more look: a process that stood still meanwhile has seen nothing. */
export async function eventually(probe: () => boolean, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const isLate = performance.now() > endMs
    if (probe()) return
    if (isLate) throw new Error(`Not so within ${deadlineMs} ms: ${probe.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
