import type { EchoesReport, EchoPair } from './report.ts';

/** Beyond it a matrix does not fit a terminal. */
const widestMatrix = 10;

export function echoesReport(pairs: readonly EchoPair[]): EchoesReport {
  return { pairs, expected: pairs.length, answered: pairs.filter(hasAnswered).length };
}

export function hasAnswered({ v4Ms, v6Ms }: EchoPair): boolean {
  return v4Ms !== undefined && v6Ms !== undefined;
}

/** `n1 -> n2 over IPv6`, for each that did not answer. */
export function silentPairs(pairs: readonly EchoPair[]): string[] {
  return pairs
    .filter((pair) => !hasAnswered(pair))
    .map(({ from, to, v4Ms, v6Ms }) => {
      const families = [...(v4Ms === undefined ? ['IPv4'] : []), ...(v6Ms === undefined ? ['IPv6'] : [])];
      return `${from} -> ${to} over ${families.join(' and ')}`;
    });
}

/** Median; the mean of the middle two when there is no middle one. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function drawMatrix({ pairs, expected, answered }: EchoesReport, names: readonly string[]): string[] {
  const title = `Echoes between all hosts: ${answered} of ${expected} pairs answered over IPv4 and IPv6`;
  if (names.length > widestMatrix) return [title, ...summary(pairs)];
  const cells = new Map(pairs.map((pair) => [`${pair.from} ${pair.to}`, cell(pair)]));
  const rows = [
    ['from \\ to', ...names],
    ...names.map((from) => [from, ...names.map((to) => (from === to ? '.' : (cells.get(`${from} ${to}`) ?? '?')))]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[i]!))),
  );
  return [`${title} (median v4/v6, ms)`, ...lines.map((line) => `  ${line.join('  ')}`)];
}

function cell({ v4Ms, v6Ms }: EchoPair): string {
  return `${milliseconds(v4Ms)}/${milliseconds(v6Ms)}`;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '--' : value.toFixed(value < 10 ? 1 : 0);
}

function summary(pairs: readonly EchoPair[]): string[] {
  const timed = pairs.filter(hasAnswered);
  const slowest = timed.toSorted((a, b) => b.v4Ms! - a.v4Ms!)[0];
  if (slowest === undefined) return [];
  const middle = {
    from: '',
    to: '',
    v4Ms: median(timed.map(({ v4Ms }) => v4Ms!)),
    v6Ms: median(timed.map(({ v6Ms }) => v6Ms!)),
  };
  return [`  median v4/v6 ${cell(middle)} ms, slowest ${slowest.from} -> ${slowest.to} ${cell(slowest)} ms`];
}
