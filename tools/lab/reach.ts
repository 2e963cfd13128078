import { setTimeout as delay } from 'node:timers/promises';
import { median } from './matrix.ts';
import type { LabNode } from './network.ts';
import type { EchoPair } from './report.ts';

/** One ordered pair of hosts and one protocol. */
export interface Flow {
  readonly from: LabNode;
  readonly to: LabNode;
  readonly family: 4 | 6;
}

export function flowsBetween(nodes: readonly LabNode[]): Flow[] {
  return nodes.flatMap((from) =>
    nodes.flatMap((to) => (from === to ? [] : ([4, 6] as const).map((family) => ({ from, to, family })))),
  );
}

export function pingFlow({ from, to, family }: Flow, timeoutMs: number): Promise<number | undefined> {
  return from.host.ping(family === 4 ? to.v4 : to.v6, timeoutMs);
}

const firstEchoMs = 1_000;
const pauseMs = 50;
/**
 * Flows that are tried at once. The first echo of a flow asks for an address, which is a broadcast to every node; more of
 * them at once than this machine carries in a second would be asked again, and so take even longer.
 */
const tryWidth = 32;
/** Of round trips that are measured at once there are few, since they would measure each other. */
const measureWidth = 4;
const samples = 5;
/** Of more flows than this each is measured by one echo. */
const manyFlows = 600;

/** Tries every flow until it answers or the deadline has passed. Returns a round trip of each that did. */
export async function reachAll(flows: readonly Flow[], deadline: number): Promise<Map<Flow, number>> {
  const reached = new Map<Flow, number>();
  await forEach(flows, tryWidth, async (flow) => {
    do {
      const left = deadline - performance.now();
      const rtt = await pingFlow(flow, Math.max(pauseMs, Math.min(firstEchoMs, left)));
      if (rtt !== undefined) {
        reached.set(flow, rtt);
        return;
      }
      await delay(pauseMs);
    } while (performance.now() < deadline);
  });
  return reached;
}

/** The median round trip of each flow that was reached: now that nobody has to ask for addresses any more. */
export async function measure(reached: ReadonlyMap<Flow, number>): Promise<Map<Flow, number>> {
  const list = [...reached.keys()];
  const medians = new Map(reached);
  const count = list.length > manyFlows ? 1 : samples;
  await forEach(list, measureWidth, async (flow) => {
    const rtts: number[] = [];
    for (let i = 0; i < count; i++) {
      const rtt = await pingFlow(flow, firstEchoMs);
      if (rtt !== undefined) rtts.push(rtt);
    }
    const middle = median(rtts);
    if (middle !== undefined) medians.set(flow, middle);
  });
  return medians;
}

export function echoPairs(flows: readonly Flow[], rtts: ReadonlyMap<Flow, number>): EchoPair[] {
  const pairs = new Map<string, { from: string; to: string; v4Ms: number | undefined; v6Ms: number | undefined }>();
  for (const flow of flows) {
    const [from, to] = [flow.from.name, flow.to.name];
    const pair = pairs.get(`${from} ${to}`) ?? { from, to, v4Ms: undefined, v6Ms: undefined };
    pair[flow.family === 4 ? 'v4Ms' : 'v6Ms'] = rtts.get(flow);
    pairs.set(`${from} ${to}`, pair);
  }
  return [...pairs.values()];
}

/** At most `width` at once, in order. */
async function forEach<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
