/** Resolves once `condition` holds; fails when it does not within ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
