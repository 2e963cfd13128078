import { Hosts } from './hosts.ts';
import { median } from './machine.ts';

/** A way to join the two hosts; resolves to what ends it. */
export type Joint = (hosts: Hosts) => Promise<() => void | Promise<void>>;
export type Joints = Readonly<Record<string, Joint>>;

/** Nothing but a cable. */
export const bareVeth: Joint = async (hosts) => {
  await hosts.joinByVeth(true);
  return () => {};
};

export const linuxBridge: Joint = async (hosts) => {
  await hosts.joinByVeth();
  await hosts.addBridge();
  return () => {};
};

interface Figures {
  readonly tcp: number;
  readonly small: number;
  readonly ping: number;
}

/** What came out for each joint: medians over all rounds. TCP in Mbit/s, 64-byte frames in thousands a second, ping in ms. */
export type Results = ReadonlyMap<string, Figures>;

/** Measures each joint in each round, `seconds` long. A signal ends it early, and takes down all that was made. */
export async function measureJoints(joints: Joints, rounds: number, seconds: number): Promise<Results> {
  const hosts = new Hosts();
  const figures = new Map<string, Figures[]>(Object.keys(joints).map((name) => [name, []]));
  const ending = new AbortController();
  const end = (signal: NodeJS.Signals) => ending.abort(new Error(signal));
  for (const signal of signals) process.on(signal, end);
  try {
    await hosts.make();
    // Round by round, so that a noisy minute disturbs all alike.
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, joint] of Object.entries(joints)) {
        ending.signal.throwIfAborted();
        figures.get(name)!.push(await measure(hosts, joint, seconds, ending.signal));
      }
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    await hosts.remove();
    for (const signal of signals) process.off(signal, end);
  }
  if (ending.signal.aborted) process.exit(1);
  const of = (rows: readonly Figures[], key: keyof Figures) => median(rows.map((row) => row[key]));
  return new Map(
    Array.from(figures, ([name, rows]) => [
      name,
      { tcp: of(rows, 'tcp'), small: of(rows, 'small'), ping: of(rows, 'ping') },
    ]),
  );
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

async function measure(hosts: Hosts, joint: Joint, seconds: number, ending: AbortSignal): Promise<Figures> {
  let end: Awaited<ReturnType<Joint>> = () => {};
  try {
    end = await joint(hosts);
    await hosts.areJoined();
    ending.throwIfAborted();
    const tcp = await hosts.tcp(seconds);
    ending.throwIfAborted();
    const small = await hosts.smallFrames(seconds);
    ending.throwIfAborted();
    return { tcp, small, ping: await hosts.ping(1) };
  } finally {
    await end();
    await hosts.part();
  }
}

/** Prints a table, with ratios to each of `yardsticks` (name, heading). */
export function showJoints(results: Results, yardsticks: Readonly<Record<string, string>>): void {
  const headings = Object.values(yardsticks);
  const ratios = (name: string, key: 'tcp' | 'small') =>
    Object.keys(yardsticks).map((other) => ratio(results, key, name, other).toFixed(2).padStart(8));
  const heads = headings.map((heading) => heading.padStart(8)).join('');
  console.log(
    `${''.padEnd(26)}${'TCP Mbit/s'.padStart(12)}${heads}${'64 B kpps'.padStart(12)}${heads}${'ping ms'.padStart(10)}`,
  );
  for (const [name, { tcp, small, ping }] of results) {
    console.log(
      `${name.padEnd(26)}${Math.round(tcp).toLocaleString('en').padStart(12)}${ratios(name, 'tcp').join('')}` +
        `${small.toFixed(0).padStart(12)}${ratios(name, 'small').join('')}${ping.toFixed(3).padStart(10)}`,
    );
  }
}

/** How many times the figure of `other` that of `name` is. */
export function ratio(results: Results, key: 'tcp' | 'small', name: string, other: string): number {
  return results.get(name)![key] / results.get(other)![key];
}
