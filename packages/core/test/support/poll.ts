/** Looks again until `probe` is true; fails after `deadlineMs`. */
export async function eventually(probe: () => boolean, deadlineMs = 5_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!probe()) {
    if (performance.now() > endMs) throw new Error(`Not so within ${deadlineMs} ms: ${probe.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
