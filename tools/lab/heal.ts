import { setTimeout as delay } from 'node:timers/promises';
import type { LabNetwork, LabNode } from './network.ts';
import { viewNodes, waitUntil } from './observe.ts';
import { type EchoRecord, outageOf, summarizeOutages } from './outage.ts';
import { type Flow, flowsBetween, pingFlow } from './reach.ts';
import type { HealReport } from './report.ts';
import { type NodeView, ringFaults, ringReport, settlingFaults } from './ring.ts';

const limitMs = 20_000;
const lostAfterMs = 1_000;
/** Echoes of a flow follow each other by this, or by 1 ms for each flow when there are many. */
const fastestIntervalMs = 50;
const slowestIntervalMs = 1_000;
/** Rounds that must be answered once the ring is whole again and no node changes its links any more. */
const lastRounds = 3;

/** Kills a node and has all others ping each other all the time until they do so without a loss. */
export async function killAndHeal(
  network: LabNetwork,
  runDirectory: string,
  killed: LabNode,
): Promise<{ heal: HealReport; views: NodeView[] }> {
  const others = network.nodes.filter((node) => node !== killed);
  const flows = flowsBetween(others);
  const records = new Map<Flow, EchoRecord[]>(flows.map((flow) => [flow, []]));
  const killedAt = performance.now();
  await network.kill(killed.name);
  const deadline = killedAt + limitMs;
  let ringMs: number | undefined;
  let isSettled = false;
  const ring = waitUntil(ringFaults, runDirectory, others, deadline).then(async (faults) => {
    if (faults.length > 0) return;
    ringMs = performance.now() - killedAt;
    isSettled = (await waitUntil(settlingFaults, runDirectory, others, deadline)).length === 0;
  });
  const interval = Math.min(slowestIntervalMs, Math.max(fastestIntervalMs, flows.length));
  const round = () => flows.map((flow) => sendEcho(flow, records.get(flow)!));
  const pending: Promise<void>[] = [];
  for (let clean = 0; clean < lastRounds && performance.now() < deadline; ) {
    const isLast = isSettled;
    const echoes = round();
    pending.push(...echoes);
    const [answers] = await Promise.all([
      isLast ? Promise.all(echoes).then(() => [...records.values()]) : undefined,
      delay(interval),
    ]);
    clean = answers?.every((list) => list.at(-1)?.answered) ? clean + 1 : 0;
  }
  await Promise.all([...pending, ring]);
  const outages = [...records.values()].map((list) => outageOf(list, killedAt));
  const views = await viewNodes(runDirectory, others);
  const summary = summarizeOutages(outages, killedAt);
  return { heal: { killed: killed.name, ...summary, ringMs, ring: ringReport(views, others.length) }, views };
}

/** Adds its record at its place in the order of sending; until the answer it counts as lost. */
async function sendEcho(flow: Flow, records: EchoRecord[]): Promise<void> {
  const sentAt = performance.now();
  const place = records.push({ sentAt, answered: false }) - 1;
  const rtt = await pingFlow(flow, lostAfterMs);
  if (rtt !== undefined) records[place] = { sentAt, answered: true };
}
