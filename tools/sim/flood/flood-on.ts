import { FloodEngine } from '../../../switch/flood/index.ts';
import { maxNodeId, type NodeId, seededRandom } from '../../../topology/index.ts';
import type { TracedFrame } from '../trace/frame-trace.ts';
import { type Arrival, FloodLog, numberedFrame, numberOf } from './flood-log.ts';
import { join, type Links } from './links.ts';
import { FloodNetwork, faultless, type LinkFaults } from './network.ts';

/** A graph of switches. Ids are places on the ring of 2^128: 0n to 2n ** 128n - 1n. */
export interface FloodGraph {
  /** Pairs of neighbours, in either order. */
  readonly edges: Iterable<readonly [NodeId, NodeId]>;
  /** Nodes that have no edge may be listed here; others need not be. */
  readonly nodes?: Iterable<NodeId>;
}

export interface FloodOnOptions {
  /** Where floods begin, one after the other; the first node of the first edge by default. */
  readonly roots?: readonly NodeId[];
  /** From the start of one flood to the next; 0 by default: all at once. */
  readonly spacingMs?: number;
  /** What links do to frames: 20 ms one way and nothing else by default. */
  readonly faults?: Partial<LinkFaults>;
  /** Nodes that are gone without their neighbours' knowledge. */
  readonly dead?: Iterable<NodeId>;
  /** Of all chance in the run; 1 by default. The same seed gives the same run. */
  readonly seed?: number;
  /** Bytes of the flooded Ethernet frame, 60 by default. */
  readonly frameLength?: number;
  /** Keeps every frame in the report's `trace`; they are many. */
  readonly trace?: boolean;
}

/** What became of one flood. */
export interface FloodReport {
  readonly root: NodeId;
  /** What each node heard: when, from whom, how many links from the root, how many times. The root hears nothing. */
  readonly heard: ReadonlyMap<NodeId, Arrival>;
  /** Live nodes with a way to the root that did not hear it. */
  readonly missed: readonly NodeId[];
  /** Nodes that heard it more than once. */
  readonly repeated: readonly NodeId[];
}

export interface FloodOnReport {
  readonly floods: readonly FloodReport[];
  /** Frames that switches received: copies of floods, and frames that tell of floods or ask for them. */
  readonly copies: number;
  readonly repairFrames: number;
  /** Floods that were asked for. */
  readonly pulls: number;
  /** Virtual ms until nothing was left to do; undefined if that was not within ten minutes. */
  readonly quietAfterMs: number | undefined;
  /** In the order in which it was known what became of them; empty unless asked for. */
  readonly trace: readonly TracedFrame[];
}

const longestMs = 600_000;
const epoch = 1;

/**
 * Floods frames on a graph of switches that run the flood engine that ships, in virtual time. The graph need not be a ring, nor
 * connected. Throws a RangeError for ids off the ring, and for a root that is dead or not a node.
 */
export function floodOn(graph: FloodGraph, options: FloodOnOptions = {}): FloodOnReport {
  const links = linksOf(graph);
  const dead = new Set(options.dead);
  const roots = options.roots ?? [...links.keys()].filter((id) => !dead.has(id)).slice(0, 1);
  for (const root of roots) {
    if (!links.has(root) || dead.has(root)) throw new RangeError(`no live node ${root} that could start a flood`);
  }
  const logs: FloodLog[] = [];
  const trace: TracedFrame[] = [];
  const net = new FloodNetwork({
    links,
    rule: (self) => new FloodEngine({ self, epoch }),
    faults: { ...faultless, ...options.faults },
    random: seededRandom(options.seed ?? 1),
    delivered: ({ at, from, frame, now }) => logs[numberOf(frame)]!.arrived(at, from, now),
    ...(options.trace && { trace: (frame: TracedFrame) => trace.push(frame) }),
  });
  for (const id of dead) net.dead.add(id);
  for (const [number, root] of roots.entries()) {
    if (number > 0) net.run(options.spacingMs ?? 0);
    const start = { number, root, startedAt: net.clock.now(), members: [...links.keys()] };
    logs.push(new FloodLog(start, net.reachable(root)));
    net.flood(root, numberedFrame(number, options.frameLength ?? 60));
  }
  const isQuiet = net.clock.settle(longestMs);
  return {
    floods: logs.map(({ root, arrivals, missed, repeated }) => ({ root, heard: arrivals, missed, repeated })),
    copies: net.received.data,
    repairFrames: net.received.other,
    pulls: [...net.rules.values()].reduce((sum, { counters }) => sum + counters.iwantSent, 0),
    quietAfterMs: isQuiet ? net.clock.now() : undefined,
    trace,
  };
}

function linksOf({ nodes = [], edges }: FloodGraph): Links {
  const links: Links = new Map();
  const add = (id: NodeId) => {
    if (id < 0n || id > maxNodeId) throw new RangeError(`${id} is no place on the ring`);
    if (!links.has(id)) links.set(id, new Set());
  };
  for (const [a, b] of edges) {
    add(a);
    add(b);
    join(links, a, b);
  }
  for (const id of nodes) add(id);
  return links;
}
