import { setTimeout as delay } from 'node:timers/promises';
import { askNode } from '../../src/node/client.ts';
import { floodTree, highestSequence, type NodeFloods, nextFlood } from './flood-tree.ts';
import type { LabNode } from './network.ts';
import { unusedAddress } from './plan.ts';
import type { FloodTreeReport } from './report.ts';
import type { NodeView } from './ring.ts';

const pollMs = 50;
const floodLimitMs = 2_000;

/** What the nodes say of themselves now; those that do not answer are left out. */
export async function viewNodes(runDirectory: string, nodes: readonly LabNode[]): Promise<NodeView[]> {
  const views = await Promise.allSettled(
    nodes.map(async ({ name }): Promise<NodeView> => {
      const [status, peers] = await Promise.all([
        askNode(runDirectory, name, 'status'),
        askNode(runDirectory, name, 'peers'),
      ]);
      return { name, status, peers };
    }),
  );
  return views.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []));
}

/**
 * Resolves to no faults as soon as `faultsOf` finds none; to what it finds when that is not so by `deadline`. Faults begin with the names
 * of nodes, or end with one: only these are asked again, for busy nodes are not to be kept from their work by questions.
 */
export async function waitUntil(
  faultsOf: (views: readonly NodeView[], expected: number) => string[],
  runDirectory: string,
  nodes: readonly LabNode[],
  deadline: number,
): Promise<string[]> {
  const views = new Map<string, NodeView>();
  for (let asked = nodes; ; ) {
    for (const { name } of asked) views.delete(name);
    for (const view of await viewNodes(runDirectory, asked)) views.set(view.name, view);
    const silent = nodes.filter(({ name }) => !views.has(name));
    const faults = [
      ...silent.map(({ name }) => `${name} does not answer on its control socket`),
      ...faultsOf([...views.values()], nodes.length),
    ];
    if (faults.length === 0 || performance.now() > deadline) return faults;
    asked = nodes.filter(({ name }) => faults.some((fault) => fault.split(' ').includes(name)));
    await delay(pollMs);
  }
}

/** Has a host ask for an address that nobody has, and follows the broadcast through the nodes. */
export async function traceBroadcast(
  runDirectory: string,
  nodes: readonly LabNode[],
  from: LabNode,
): Promise<FloodTreeReport | undefined> {
  const before = await floodsOf(runDirectory, from);
  const known = highestSequence(before);
  // Nobody answers it; the question who has that address is what counts.
  await from.host.ping(unusedAddress, pollMs);
  const deadline = performance.now() + floodLimitMs;
  for (;;) {
    const floods = await Promise.all(nodes.map((node) => floodsOf(runDirectory, node)));
    const key = nextFlood(floods.find(({ name }) => name === from.name)!, known);
    const tree = key && floodTree(floods, key);
    if (tree?.missing.length === 0 || performance.now() > deadline) return tree;
    await delay(pollMs);
  }
}

async function floodsOf(runDirectory: string, { name }: LabNode): Promise<NodeFloods> {
  const [status, floods] = await Promise.all([
    askNode(runDirectory, name, 'status'),
    askNode(runDirectory, name, 'floods'),
  ]);
  return { name, nodeId: status.nodeId, floods };
}
