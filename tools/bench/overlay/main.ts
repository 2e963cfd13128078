/**
 * Two hosts joined by an overlay, Ringlet and those that Debian has: throughput, latency, and what it costs.
 *
 *   npm run bench -- overlay [ROUNDS] [SECONDS] [NAME...]   as root; medians of ROUNDS (3), each measurement SECONDS (2) long
 *
 * Needs iperf3 and iputils-ping. Other overlays are left out where they are not installed: tinc, n2n, openvpn, nebula, wireguard-go
 * and wireguard-tools. NAME: only those whose name holds it.
 */
import { accessSync, constants } from 'node:fs';
import { Hosts } from '../hosts.ts';
import { machine, median } from '../machine.ts';
import { type Contestant, contestants } from './contestants.ts';
import { type Figures, measure } from './measure.ts';

const [rounds = '3', seconds = '2', ...names] = process.argv.slice(3);
const isChosen = (name: string) => names.length === 0 || names.some((part) => name.includes(part));
const chosen = Object.entries(contestants).filter(
  ([name, contestant]) => isChosen(name) && isInstalled(name, contestant),
);

const columns: readonly {
  readonly head: string;
  readonly of: keyof Figures;
  readonly digits: number;
  readonly isRated?: true;
}[] = [
  { head: 'TCP Mbit/s', of: 'tcp', digits: 0, isRated: true },
  { head: 'resent/Gbit', of: 'resent', digits: 0 },
  { head: 'CPU s/Gbit', of: 'cpu', digits: 2 },
  { head: '64 B kpps', of: 'small', digits: 0, isRated: true },
  { head: '1300 B kpps', of: 'large', digits: 0, isRated: true },
  { head: 'ping p50 ms', of: 'p50', digits: 3 },
  { head: 'p99', of: 'p99', digits: 3 },
];

console.log(`${machine()}\n`);
show(await measureAll());

/** Round by round, so that a noisy minute disturbs all alike. A signal ends it early, and takes down all that was made. */
async function measureAll(): Promise<Map<string, Figures[]>> {
  const hosts = new Hosts();
  const results = new Map<string, Figures[]>(chosen.map(([name]) => [name, []]));
  let isEnding = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      isEnding = true;
    });
  }
  try {
    await hosts.make();
    for (let round = 0; round < Number(rounds); round++) {
      for (const [name, contestant] of chosen) {
        if (isEnding) process.exit(1);
        results.get(name)!.push(await measure(hosts, contestant, Number(seconds)));
      }
    }
  } finally {
    await hosts.remove();
  }
  return results;
}

/** Ratios: how many times the figure of the row that of Ringlet is. */
function show(results: ReadonlyMap<string, readonly Figures[]>): void {
  const figure = (name: string, of: keyof Figures) => median((results.get(name) ?? []).map((row) => row[of]));
  const heads = columns.map(({ head, isRated }) => head.padStart(13) + (isRated ? ' Ringlet /' : ''));
  console.log(`${''.padEnd(28)}${heads.join('')}`);
  for (const name of results.keys()) {
    const cells = columns.map(({ of, digits, isRated }) => {
      const value = figure(name, of);
      const text = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
      const ratio = isRated ? (figure('Ringlet', of) / value).toFixed(2).padStart(10) : '';
      return text.padStart(13) + ratio;
    });
    console.log(`${name.padEnd(28)}${cells.join('')}`);
  }
}

function isInstalled(name: string, { programs }: Contestant): boolean {
  const missing = programs.filter((program) => !isProgram(program));
  if (missing.length > 0) console.log(`${name} is left out: ${missing.join(' and ')} not found`);
  return missing.length === 0;
}

function isProgram(name: string): boolean {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
