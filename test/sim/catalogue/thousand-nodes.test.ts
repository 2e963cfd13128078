import { describe, expect, it } from 'vitest';
import { ArpOp, buildArp } from '../../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../../tools/sim/network.ts';
import { seededRandom } from '../../../topology/index.ts';

/** npm run sim:thousand takes a thousand, and as long as the case says. */
const byHand = process.env.SIM_NODES;
const nodes = Number(byHand ?? 24);
const [churnMs, partedMs] = byHand === undefined ? [20_000, 8_000] : [60_000, 60_000];
const seed = 13;
const random = seededRandom(seed);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
/** Virtual seconds until all is well again. */
const bound = { start: 20, churn: 20, parted: 20, heal: 60 } as const;

/** Virtual seconds until a broadcast gets to every host and hosts get each other's frames; Infinity: not within `limit`. */
function secondsToWhole(sim: SimNetwork, limit: number, members = sim.alive): number {
  for (let seconds = 0; seconds <= limit; seconds += 2) {
    if (isWhole(sim, members)) return seconds;
    sim.run(1_000);
  }
  return Number.POSITIVE_INFINITY;
}

/** It takes a second of virtual time. */
function isWhole(sim: SimNetwork, members: readonly SimNode[] = sim.alive): boolean {
  for (const { received } of sim.alive) received.length = 0;
  const root = pick(members);
  const frame = buildArp({ op: ArpOp.REQUEST, srcMac: root.mac, srcIp: 0, dstIp: Math.floor(random() * 2 ** 32) });
  root.tap.host.send([frame]);
  sim.run(700);
  const times = (node: SimNode) => node.received.filter((each) => Buffer.compare(each, frame) === 0).length;
  // Never twice, whatever happens.
  for (const node of sim.alive) expect(times(node)).toBeLessThanOrEqual(node === root ? 0 : 1);
  const asked = Array.from({ length: 10 }, () => pick(members.filter((node) => node !== root)));
  const answers = asked.map((node, i) => {
    const answer = new Uint8Array(60).fill(i, 14);
    answer.set([...root.mac, ...node.mac, 0x08, 0]);
    node.tap.host.send([answer]);
    return answer;
  });
  sim.run(300);
  const got = answers.every((answer) => root.received.some((each) => Buffer.compare(each, answer) === 0));
  return got && members.every((node) => node === root || times(node) === 1);
}

/** Seconds of CPU since the last call, and memory, for who runs it by hand. */
let last = process.cpuUsage();
function report(what: string, virtual: number): void {
  const { user, system } = process.cpuUsage(last);
  const gigabytes = process.memoryUsage().rss / 1e9;
  if (byHand !== undefined) {
    const seconds = ((user + system) / 1e6).toFixed(0);
    console.log(`${what}: whole after ${virtual} virtual s; took ${seconds} s of CPU, ${gigabytes.toFixed(2)} GB`);
  }
  last = process.cpuUsage();
}

describe(`13 ${nodes} whole nodes`, { timeout: 3_600_000 }, () => {
  const sim = new SimNetwork({ nodes, seed, latencyMs: 20 });

  it('start cold and are one Ethernet', () => {
    sim.run(2_000);
    const seconds = secondsToWhole(sim, bound.start);
    report('cold start', seconds);
    expect(seconds).toBeLessThanOrEqual(bound.start);
  });

  it('lose a tenth of themselves a minute, while as many join, and are one Ethernet again', () => {
    const turns = Math.ceil((nodes / 10) * (churnMs / 60_000));
    for (let i = 0; i < turns; i++) {
      sim.kill(pick(sim.alive));
      sim.join();
      sim.run(churnMs / turns);
    }
    const seconds = secondsToWhole(sim, bound.churn);
    report('churn of 10 % a minute', seconds);
    expect(seconds).toBeLessThanOrEqual(bound.churn);
  });

  it('are parted into halves, each an Ethernet of its own, and are one again when they can', () => {
    const halves = [0, 1].map((half) => sim.alive.filter((_, i) => i % 2 === half));
    sim.partition(halves[0]!);
    const parted = halves.map((half) => secondsToWhole(sim, bound.parted, half));
    report('each half', Math.max(...parted));
    expect(Math.max(...parted)).toBeLessThanOrEqual(bound.parted);
    sim.run(partedMs);
    sim.heal();
    const seconds = secondsToWhole(sim, bound.heal);
    report('both again', seconds);
    expect(seconds).toBeLessThanOrEqual(bound.heal);
    // No black hole stays: it is whole every time from now on.
    for (let i = 0; i < 5; i++) expect(isWhole(sim)).toBe(true);
  });
});
