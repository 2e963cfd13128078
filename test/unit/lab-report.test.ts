import { describe, expect, it } from 'vitest';
import type { FloodReport, PeerKind, PeerReport, StatusReport } from '../../src/node/index.ts';
import { drawFlood, floodTree, highestSequence, nextFlood } from '../../tools/lab/flood-tree.ts';
import { drawMatrix, echoesReport, median, silentPairs } from '../../tools/lab/matrix.ts';
import { outageOf, summarizeOutages } from '../../tools/lab/outage.ts';
import { drawRing, type NodeView, ringFaults, ringReport, settlingFaults } from '../../tools/lab/ring.ts';

/** A node whose id is `digit` repeated; peers as [digit, kind]. */
function view(digit: string, peers: readonly [string, PeerKind][], status: Partial<StatusReport> = {}): NodeView {
  const nodeId = digit.repeat(32);
  return {
    name: `n${digit}`,
    status: {
      nodeId,
      members: 4,
      settled: true,
      tap: { addresses: [`10.77.0.${digit}/24`] },
      ...status,
    } as StatusReport,
    peers: peers.map(([peer, kind]) => ({ nodeId: peer.repeat(32), kind, state: 'up' }) as PeerReport),
  };
}

/** 1 -> 3 -> 7 -> a -> 1, and a shortcut from 1 to 7. Not listed in ring order. */
const four = [
  view('7', [
    ['a', 'successor'],
    ['3', 'predecessor'],
    ['1', 'long (in)'],
  ]),
  view('1', [
    ['3', 'successor'],
    ['a', 'predecessor'],
    ['7', 'long'],
  ]),
  view('a', [
    ['1', 'successor'],
    ['7', 'predecessor'],
  ]),
  view('3', [
    ['7', 'successor'],
    ['1', 'predecessor'],
  ]),
];

describe('the ring', () => {
  it('is reported clockwise, each link once', () => {
    const report = ringReport(four, 4);
    expect(report.whole).toBe(true);
    expect(report.order).toEqual(['n1', 'n3', 'n7', 'na']);
    expect(report.links).toHaveLength(5);
    expect(report.links.filter(({ kind }) => kind === 'shortcut')).toEqual([{ a: 'n1', b: 'n7', kind: 'shortcut' }]);
  });

  it('is drawn', () => {
    expect(drawRing(four, ringReport(four, 4))).toEqual([
      'Ring of 4, clockwise by node id: 5 links, 1 of them shortcuts (*)',
      '  ┌─> n1  1111111111  10.77.0.1  n3 successor, na predecessor, n7 shortcut*',
      '  │   n3  3333333333  10.77.0.3  n7 successor, n1 predecessor',
      '  │   n7  7777777777  10.77.0.7  na successor, n3 predecessor, n1 shortcut*',
      '  └── na  aaaaaaaaaa  10.77.0.a  n1 successor, n7 predecessor',
    ]);
  });

  it('is not whole when one end of a link along it is missing', () => {
    const broken = four.map((each) => (each.name === 'na' ? view('a', [['7', 'predecessor']]) : each));
    expect(ringFaults(broken, 4)).toEqual(['na has no link to its successor n1']);
    expect(ringReport(broken, 4)).toMatchObject({ whole: false });
    expect(ringReport(broken, 4).links).toHaveLength(4);
  });

  it('is not whole while nodes settle or do not know each other', () => {
    const [first, ...rest] = four;
    const young = { ...first!, status: { ...first!.status, members: 3, settled: false } };
    expect(ringFaults([young, ...rest], 4)).toEqual(['n7 knows 3 of 4 nodes']);
    expect(settlingFaults([young, ...rest])).toEqual(['n7 still changes its links']);
  });

  it('of one node needs no links', () => {
    expect(ringFaults([view('1', [], { members: 1 })], 1)).toEqual([]);
  });
});

describe('the matrix', () => {
  const pair = (from: string, to: string, v4Ms?: number, v6Ms?: number) => ({ from, to, v4Ms, v6Ms });

  it('is drawn with both protocols, and gaps where nobody answered', () => {
    const report = echoesReport([pair('n1', 'n2', 1.26, 12.4), pair('n2', 'n1', undefined, 0.04)]);
    expect(report).toMatchObject({ expected: 2, answered: 1 });
    expect(drawMatrix(report, ['n1', 'n2'])).toEqual([
      'Echoes between all hosts: 1 of 2 pairs answered over IPv4 and IPv6 (median v4/v6, ms)',
      '  from \\ to      n1      n2',
      '  n1              .  1.3/12',
      '  n2         --/0.0       .',
    ]);
    expect(silentPairs(report.pairs)).toEqual(['n2 -> n1 over IPv4']);
  });

  it('is summed up where it would not fit', () => {
    const names = Array.from({ length: 12 }, (_, i) => `n${i + 1}`);
    const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => pair(from, to, 1, 2)));
    pairs[5] = pair('n1', 'n7', 9, 8);
    expect(drawMatrix(echoesReport(pairs), names)).toEqual([
      'Echoes between all hosts: 132 of 132 pairs answered over IPv4 and IPv6',
      '  median v4/v6 1.0/2.0 ms, slowest n1 -> n7 9.0/8.0 ms',
    ]);
  });

  it.each([
    [[], undefined],
    [[3], 3],
    [[9, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
  ])('takes the median of %j', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe("a flood's tree", () => {
  const id = (name: string) => name.repeat(32);
  const trace = (root: string, from: string | undefined, hops: number, to: string[], sequence = 5): FloodReport => ({
    root: id(root),
    epoch: 9,
    sequence,
    from: from && id(from),
    hops,
    to: to.map(id),
  });
  const node = (name: string, ...floods: FloodReport[]) => ({ name, nodeId: id(name), floods });
  const nodes = [
    node('a', trace('a', undefined, 0, ['f', 'e'], 4), trace('b', 'c', 1, []), trace('a', undefined, 0, ['b', 'c'])),
    node('b', trace('a', 'a', 1, ['d'])),
    node('c', trace('a', 'a', 1, ['d', 'e'])),
    node('d', trace('a', 'c', 2, [])),
    node('e'),
  ];
  const key = { root: id('a'), epoch: 9, sequence: 5 };

  it('joins what the nodes say, each at the neighbour that it took the flood from', () => {
    expect(floodTree(nodes, key)).toEqual({
      root: 'a',
      sequence: 5,
      reached: 4,
      missing: ['e'],
      copies: 5,
      hops: 2,
      tree: {
        node: 'a',
        hops: 0,
        children: [
          { node: 'b', hops: 1, children: [] },
          { node: 'c', hops: 1, children: [{ node: 'd', hops: 2, children: [] }] },
        ],
      },
    });
  });

  it('is drawn', () => {
    expect(drawFlood(floodTree(nodes, key)!, 5)).toEqual([
      "One broadcast of a's host: reached 4 of 5 nodes, 5 copies sent, 2 hops at most",
      '  a  sends it',
      '  ├─ b  hop 1',
      '  └─ c  hop 1',
      '     └─ d  hop 2',
    ]);
  });

  it('is found by the first sequence after the known ones', () => {
    expect(highestSequence(nodes[0]!)).toBe(5);
    expect(highestSequence(nodes[4]!)).toBe(0);
    expect(nextFlood(nodes[0]!, 4)).toMatchObject(key);
    expect(nextFlood(nodes[0]!, 5)).toBeUndefined();
  });

  it('is nothing when its root says nothing', () => {
    expect(floodTree(nodes.slice(1), key)).toBeUndefined();
  });
});

describe('an outage', () => {
  const echoes = (...marks: string[]) => marks.map((mark, i) => ({ sentAt: 1000 + 100 * i, answered: mark === '+' }));

  it('ends with the first echo after the last lost one', () => {
    expect(outageOf(echoes('+', '-', '+', '-', '+', '+'), 990)).toEqual({ lost: 2, backAt: 1400 });
  });

  it('was none when nothing was lost, and has no end while the last one is', () => {
    expect(outageOf(echoes('+', '+'), 990)).toEqual({ lost: 0, backAt: 990 });
    expect(outageOf(echoes('+', '-'), 990)).toEqual({ lost: 1, backAt: undefined });
    expect(outageOf([], 990)).toEqual({ lost: 0, backAt: undefined });
  });

  it('is as long as that of the flow that was back last', () => {
    const outages = [outageOf(echoes('-', '+'), 990), outageOf(echoes('-', '-', '+'), 990), outageOf(echoes('+'), 990)];
    expect(summarizeOutages(outages, 990)).toEqual({ flows: 3, interrupted: 2, reachedMs: 210 });
    expect(summarizeOutages([...outages, outageOf(echoes('-'), 990)], 990).reachedMs).toBeUndefined();
  });
});
