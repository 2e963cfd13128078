import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FloodExperiment, playFloods, traceFlood } from '../../tools/sim/index.ts';
import { type FloodOnReport, floodOn } from '../../tools/sim/library.ts';
import { readFrame, type TracedFrame } from '../../tools/sim/trace/frame-trace.ts';
import { maxNodeId, type NodeId, seededRandom } from '../../topology/index.ts';
import { holdsForAll, type Played } from './support/flood-property.ts';

const file = 'test/property/flood-graphs.test.ts';

interface GraphCase {
  readonly ids: readonly NodeId[];
  /** Links beyond those of a random tree, for each node. */
  readonly extra: number;
  readonly deadShare: number;
  readonly floods: number;
  readonly spacingMs: number;
  readonly faults: {
    readonly loss: number;
    readonly duplicate: number;
    readonly reorder: number;
    readonly jitterMs: number;
  };
  readonly seed: number;
}

const graphCase: fc.Arbitrary<GraphCase> = fc.record({
  ids: fc.uniqueArray(fc.bigInt({ min: 0n, max: maxNodeId }), { minLength: 1, maxLength: 200, size: 'max' }),
  extra: fc.nat(4),
  deadShare: fc.constantFrom(0, 0, 0.05, 0.2),
  floods: fc.integer({ min: 1, max: 5 }),
  spacingMs: fc.constantFrom(0, 30),
  faults: fc.record({
    loss: fc.constantFrom(0, 0.01, 0.05),
    duplicate: fc.constantFrom(0, 0.1),
    reorder: fc.constantFrom(0, 0.2),
    jitterMs: fc.constantFrom(0, 40),
  }),
  seed: fc.nat(),
});

/** A random tree over all nodes in random order, and more links: connected, with cycles, and no ring. */
function edgesOf({ ids, extra, seed }: GraphCase): [NodeId, NodeId][] {
  const random = seededRandom(seed);
  const pick = (below: number) => ids[Math.floor(random() * below)]!;
  const tree = ids.slice(1).map((id, i): [NodeId, NodeId] => [id, pick(i + 1)]);
  const more = Array.from({ length: extra * ids.length }, (): [NodeId, NodeId] => [pick(ids.length), pick(ids.length)]);
  return [...tree, ...more.filter(([a, b]) => a !== b)];
}

function playGraph(each: GraphCase, trace: boolean): Played & { report: FloodOnReport } {
  const { ids, deadShare, floods, spacingMs, faults, seed } = each;
  const dead = ids.slice(1).filter((_, i) => (i * 7919) % 100 < deadShare * 100);
  const living = ids.filter((id) => !dead.includes(id));
  const roots = Array.from({ length: floods }, (_, i) => living[(i * 31) % living.length]!);
  const report = floodOn({ edges: edgesOf(each), nodes: ids }, { roots, spacingMs, faults, dead, seed, trace });
  const wrong = report.floods.filter(({ missed, repeated }) => missed.length + repeated.length > 0);
  const about = new Set(wrong.flatMap(({ missed, repeated }) => [...missed, ...repeated]));
  const fault =
    report.quietAfterMs === undefined
      ? 'it does not end'
      : wrong.length > 0
        ? `${wrong.length} floods were missed or came twice, at ${[...about].join(', ')}`
        : undefined;
  return { fault, trace: report.trace, about, report };
}

/** Shares and rates that may all be there at once. */
const experiment: fc.Arbitrary<FloodExperiment> = fc.record({
  ...{ nodes: fc.integer({ min: 24, max: 64 }), floods: fc.constant(25), atOnce: fc.constantFrom(1, 5) },
  seed: fc.nat(0xffff),
  rule: fc.constant('ringlet' as const),
  ...{ loss: fc.constantFrom(0, 0.02), duplicate: fc.constantFrom(0, 0.05), reorder: fc.constantFrom(0, 0.1) },
  ...{ dead: fc.constantFrom(0, 0.03), missing: fc.constantFrom(0, 0.05) },
  ...{ churn: fc.constantFrom(0, 1), kill: fc.constantFrom(0, 1), pause: fc.constantFrom(0, 3) },
  ...{ restart: fc.constant(0), clockJumpMs: fc.constant(0), partitionMs: fc.constantFrom(0, 0, 400) },
  ...{ latencyMs: fc.constantFrom(5, 20), jitterMs: fc.constantFrom(0, 20) },
});

function playExperiment(each: FloodExperiment, withTrace: boolean): Played {
  const { failed } = playFloods(each, () => {});
  const [first] = failed;
  if (first === undefined) return { fault: undefined, trace: [] };
  const about = new Set([...first.missed, ...first.repeated]);
  const fault = `flood ${first.number} was missed by ${first.missed.length} and came twice to ${first.repeated.length}`;
  return { fault, trace: withTrace ? traceFlood(each, first.number) : [], about };
}

describe('floods', () => {
  it('on any connected graph of up to 200 nodes end, and come to every reachable node once, whatever its links do', async () => {
    await holdsForAll({ file, name: 'on any connected graph', numRuns: 25 }, graphCase, playGraph);
  });

  it('on a ring with every mix of faults come to every node that lives and can be reached, once', async () => {
    await holdsForAll({ file, name: 'on a ring', numRuns: 15 }, experiment, playExperiment);
  });

  it('send no node two copies where nothing is lost, and none to a node that is no neighbour', async () => {
    const calm = { loss: 0, duplicate: 0, reorder: 0, jitterMs: 5 };
    const quiet = graphCase.map((each) => ({ ...each, deadShare: 0, faults: calm }));
    await holdsForAll({ file, name: 'send no node two copies', numRuns: 10 }, quiet, (each, withTrace) => {
      const { trace, ...rest } = playGraph(each, true);
      const links = new Set(edgesOf(each).flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
      const strangers = trace.filter(({ from, to }) => !links.has(`${from} ${to}`));
      const again = repeatedVisits(trace);
      const fault =
        strangers.length + again.length === 0 ? undefined : `${strangers.length} strangers, again at ${again}`;
      return { ...rest, trace: withTrace ? trace : [], about: new Set(again), fault };
    });
  });
});

/** Nodes that got copies twice which make them cover an arc of one flood. */
function repeatedVisits(trace: readonly TracedFrame[]): NodeId[] {
  const seen = new Set<string>();
  return trace.flatMap(({ to, frame }) => {
    const content = readFrame(frame);
    if (content.kind !== 'data' || content.frb.arc.start === content.frb.arc.end) return [];
    const key = `${to} ${content.frb.root} ${content.frb.sequence}`;
    if (seen.has(key)) return [to];
    seen.add(key);
    return [];
  });
}

describe('a property that fails', () => {
  it('tells the seed, the command that repeats it, and where the frames of its smallest case are', async () => {
    const lossy = graphCase.map((each) => ({ ...each, faults: { ...each.faults, loss: 1 } }));
    const error = await holdsForAll({ file, name: 'any', numRuns: 20 }, lossy, playGraph).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(/again: {2}FC_SEED=-?\d+ FC_PATH=[\d:]+ npx vitest run .* -t 'any'/);
    const [, capture, sequence] = /frames: (\S+\.pcapng), (\S+\.mmd)/.exec(error!.message)!;
    expect(existsSync(capture!)).toBe(true);
    expect(readFileSync(sequence!, 'utf8')).toMatch(/--x.*lost/);
    rmSync(dirname(capture!), { recursive: true });
  });
});
