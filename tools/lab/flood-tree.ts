import type { FloodReport } from '../../src/node/report.ts';
import type { FloodBranch, FloodTreeReport } from './report.ts';

/** What one node did with the latest floods, newest last. */
export interface NodeFloods {
  readonly name: string;
  readonly nodeId: string;
  readonly floods: readonly FloodReport[];
}

export interface FloodKey {
  readonly root: string;
  readonly epoch: number;
  readonly sequence: number;
}

/** The first flood that `root` began after `known`, the highest sequence it had used before. */
export function nextFlood(root: NodeFloods, known: number): FloodKey | undefined {
  return root.floods.find(({ root: id, sequence }) => id === root.nodeId && sequence > known);
}

export function highestSequence(root: NodeFloods): number {
  return Math.max(0, ...root.floods.filter(({ root: id }) => id === root.nodeId).map(({ sequence }) => sequence));
}

/** Joins what the nodes say of one flood. Undefined when its root says nothing. */
export function floodTree(nodes: readonly NodeFloods[], key: FloodKey): FloodTreeReport | undefined {
  const traces = new Map<string, FloodReport>();
  for (const { nodeId, floods } of nodes) {
    const trace = floods.find((flood) => isSame(flood, key));
    if (trace !== undefined) traces.set(nodeId, trace);
  }
  if (!traces.has(key.root)) return undefined;
  const names = new Map(nodes.map(({ name, nodeId }) => [nodeId, name]));
  const branch = (id: string): FloodBranch => ({
    node: names.get(id)!,
    hops: traces.get(id)!.hops,
    // Each node took the flood from one neighbour, so what follows is a tree however the copies went.
    children: traces
      .get(id)!
      .to.filter((child) => traces.get(child)?.from === id)
      .map(branch),
  });
  const all = [...traces.values()];
  return {
    root: names.get(key.root)!,
    sequence: key.sequence,
    tree: branch(key.root),
    reached: traces.size,
    missing: nodes.filter(({ nodeId }) => !traces.has(nodeId)).map(({ name }) => name),
    copies: all.reduce((sum, { to }) => sum + to.length, 0),
    hops: Math.max(...all.map(({ hops }) => hops)),
  };
}

export function drawFlood(flood: FloodTreeReport, nodes: number): string[] {
  const title =
    `One broadcast of ${flood.root}'s host: reached ${flood.reached} of ${nodes} nodes, ` +
    `${flood.copies} ${flood.copies === 1 ? 'copy' : 'copies'} sent, ` +
    `${flood.hops} ${flood.hops === 1 ? 'hop' : 'hops'} at most`;
  return [title, ...drawBranch(flood.tree, '  ', '  ')];
}

function drawBranch({ node, hops, children }: FloodBranch, first: string, rest: string): string[] {
  const below = children.flatMap((child, i) => {
    const isLast = i === children.length - 1;
    return drawBranch(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`);
  });
  return [`${first}${node}  ${hops === 0 ? 'sends it' : `hop ${hops}`}`, ...below];
}

function isSame(flood: FloodReport, { root, epoch, sequence }: FloodKey): boolean {
  return flood.root === root && flood.epoch === epoch && flood.sequence === sequence;
}
