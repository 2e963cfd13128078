import { cpus, loadavg, release, totalmem } from 'node:os';

/** What the figures were measured on, to be printed above them. */
export function machine(): string {
  const [cpu] = cpus();
  return (
    `${cpus().length} x ${cpu?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB\n` +
    `Linux ${release()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
