/** Graphs of a few nodes, 0 to n - 1: for each node the set of its neighbours, as bits. */
export type Graph = readonly number[];

/** Every connected graph on `n` nodes that have names, one after the other: 1, 1, 4, 38, 728, 26704, 1866256 for 1 to 7. */
export function* labelledGraphs(n: number, shard = 0, shards = 1): Generator<Graph> {
  const pairs = pairsOf(n);
  for (let mask = shard; mask < 2 ** pairs.length; mask += shards) {
    const graph = new Array<number>(n).fill(0);
    for (const [bit, [a, b]] of pairs.entries()) if ((mask >> bit) & 1) connect(graph, a, b);
    if (isConnected(graph)) yield graph;
  }
}

/**
 * One of each kind of connected graph on `n` nodes: 1, 1, 2, 6, 21, 112, 853 for 1 to 7. Every one is a smaller one with a
 * node added, since some node can be taken away without breaking it in two.
 */
export function unlabelledGraphs(n: number): Graph[] {
  if (n === 1) return [[0]];
  const byShape = new Map<string, Graph[]>();
  for (const smaller of unlabelledGraphs(n - 1)) {
    for (let neighbours = 1; neighbours < 2 ** (n - 1); neighbours++) {
      const graph = [...smaller, 0];
      for (let node = 0; node < n - 1; node++) if ((neighbours >> node) & 1) connect(graph, node, n - 1);
      const shape = graph
        .map((_, node) => shapeOf(graph, node))
        .sort()
        .join(' ');
      const known = byShape.get(shape) ?? [];
      if (!known.some((other) => isSame(graph, other))) byShape.set(shape, [...known, graph]);
    }
  }
  return [...byShape.values()].flat();
}

export function edgesOf(graph: Graph): [number, number][] {
  return pairsOf(graph.length).filter(([a, b]) => areLinked(graph, a, b));
}

function pairsOf(n: number): [number, number][] {
  return Array.from({ length: n }, (_, b) => Array.from({ length: b }, (_, a) => [a, b] as [number, number])).flat();
}

function connect(graph: number[], a: number, b: number): void {
  graph[a]! |= 1 << b;
  graph[b]! |= 1 << a;
}

function areLinked(graph: Graph, a: number, b: number): boolean {
  return ((graph[a]! >> b) & 1) === 1;
}

function isConnected(graph: Graph): boolean {
  let [seen, before] = [1, 0];
  while (seen !== before) {
    before = seen;
    for (const [node, neighbours] of graph.entries()) if ((seen >> node) & 1) seen |= neighbours;
  }
  return seen === 2 ** graph.length - 1;
}

/** What a node looks like whatever the names: its degree, and those of its neighbours. */
function shapeOf(graph: Graph, node: number): string {
  const degrees = graph.flatMap((_, other) => (areLinked(graph, node, other) ? [degreeOf(graph, other)] : []));
  return `${degrees.length}(${degrees.sort().join()})`;
}

function degreeOf(graph: Graph, node: number): number {
  return graph.reduce((sum, _, other) => sum + (areLinked(graph, node, other) ? 1 : 0), 0);
}

/** Whether the nodes of `a` can be given to those of `b`, one each, such that the links agree. */
function isSame(a: Graph, b: Graph, given: readonly number[] = []): boolean {
  const node = given.length;
  if (node === a.length) return true;
  return b.some(
    (_, other) =>
      !given.includes(other) &&
      given.every((partner, earlier) => areLinked(a, node, earlier) === areLinked(b, other, partner)) &&
      isSame(a, b, [...given, other]),
  );
}
