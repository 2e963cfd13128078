/** What takes down the things that were made, in their order. */
export type Closers = (() => void | Promise<void>)[];

/**
 * Brings something up that is made of several things. When one of them fails, those before it are taken down again; `stop` does so
 * later, the last one first. It is idempotent.
 */
export async function withStop<T>(bringUp: (closers: Closers) => Promise<T>): Promise<T & { stop(): Promise<void> }> {
  const closers: Closers = [];
  const stop = async () => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    return { ...(await bringUp(closers)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
