/**
 * A process of its own: opens and closes real tunnels over and over, prints what it holds before and after as JSON, and
 * must then end by itself.
 *
 *     node tunnel-soak.js CYCLES
 */
import { readdirSync } from 'node:fs';
import { connect } from '../../unit/support/tunnel-pair.ts';
import { until } from '../../unit/support/until.ts';
import { loopbackFactory } from './loopback-factory.ts';

const held = () => ({
  descriptors: readdirSync('/proc/self/fd').length,
  threads: readdirSync('/proc/self/task').length,
});

const cycles = Number(process.argv[2]);
const alice = loopbackFactory();
const bob = loopbackFactory();

async function cycle(): Promise<number> {
  const started = performance.now();
  const pair = connect(alice, bob);
  await until(() => pair.a.isOpen && pair.b.isOpen);
  const took = performance.now() - started;
  pair.dialer.close('done');
  await until(() => pair.b.reasons.length > 0);
  return took;
}

// The first cycles make the library's threads and the loop's own descriptors.
for (let index = 0; index < 5; index += 1) await cycle();
const before = held();
const times: number[] = [];
for (let index = 0; index < cycles; index += 1) times.push(await cycle());
await new Promise((resolve) => setTimeout(resolve, 200));
const after = held();
const closing = performance.now();
await Promise.all([alice.close(), bob.close()]);
const closeMs = performance.now() - closing;
times.sort((a, b) => a - b);
const [median, worst] = [times[times.length >> 1], times.at(-1)];
process.stdout.write(`${JSON.stringify({ before, after, closeMs, median, worst })}\n`);
