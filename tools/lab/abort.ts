/** Waits for `work`, or throws the reason as soon as `signal` is aborted; the work goes on unheard then. */
export function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return Promise.race([work, aborted(signal).then((reason) => Promise.reject(reason))]);
}

/** Resolves to the reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));
}
