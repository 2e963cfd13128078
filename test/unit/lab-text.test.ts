import { describe, expect, it } from 'vitest';
import type { HealReport, LabReport } from '../../tools/lab/report.ts';
import { reportText } from '../../tools/lab/text.ts';

const node = (i: number) => ({
  name: `n${i}`,
  nodeId: String(i).repeat(32),
  v4: `10.77.0.${i}`,
  v6: `fd77::${i}`,
  namespace: `ringlet-abcdef-n${i}`,
  pid: 100 + i,
});
const pair = (from: string, to: string, v4Ms?: number, v6Ms?: number) => ({ from, to, v4Ms, v6Ms });

const good: LabReport = {
  ok: true,
  failures: [],
  mode: 'namespaces',
  modeReasons: [],
  runDirectory: '/run/ringlet',
  nodes: [node(1), node(2)],
  ring: { whole: true, order: ['n1', 'n2'], links: [{ a: 'n1', b: 'n2', kind: 'ring' }] },
  echoes: { pairs: [pair('n1', 'n2', 1, 2), pair('n2', 'n1', 1, 2)], expected: 2, answered: 2 },
  flood: undefined,
  heal: undefined,
  times: { setUpMs: 1234, ringMs: 1500, pairsMs: 1600, settledMs: undefined },
};
const heal: HealReport = {
  killed: 'n1',
  flows: 4,
  interrupted: 2,
  reachedMs: 456,
  ringMs: 380,
  ring: { whole: true, order: ['n2'], links: [] },
};

function text(change: Partial<LabReport>, stays = true): string {
  const view = (i: number) => ({
    name: `n${i}`,
    status: { nodeId: String(i).repeat(32), tap: { addresses: [] } },
    peers: [],
  });
  const views = [view(1), view(2)] as never;
  return reportText({ report: { ...good, ...change }, views, healedViews: views }, { ringlet: 'ringlet', stays }).join(
    '\n',
  );
}

describe("the lab's report for people", () => {
  it('begins with what happened', () => {
    expect(text({}).split('\n').slice(0, 4)).toEqual([
      '2 nodes, each a process in a network namespace of its own, joined one Ethernet: every host reaches every other.',
      'They form a ring with 0 shortcuts; links are DTLS.',
      'Seconds since the start: set up 1.2, ring whole 1.5, every pair reached 1.6, settled -.',
      '',
    ]);
  });

  it('ends with what to try, as it has to be typed', () => {
    expect(text({})).toMatch(/^ {2}the rules of a switch +ringlet flows n1$/m);
    expect(text({})).toContain('ovs-ofctl -O OpenFlow13 dump-flows unix:/run/ringlet/n1.mgmt');
    expect(text({})).toContain('ip netns exec ringlet-abcdef-n1 iperf3 -c 10.77.0.2');
    expect(text({})).toMatch(/Ctrl-C ends the lab and removes everything\.$/);
  });

  it('offers nothing to try where nothing stays, and no namespaces where there are none', () => {
    expect(text({}, false)).toMatch(/Without --once the lab stays up for you to look around\.$/);
    const alone = text({ mode: 'one-process', modeReasons: ['not root (run it with sudo)'] });
    expect(alone).toContain('2 nodes, all in one process, joined');
    expect(alone).toContain('Not in network namespaces: not root (run it with sudo).');
    expect(alone).not.toContain('ip netns');
  });

  it('says what failed', () => {
    const echoes = { pairs: [pair('n1', 'n2', 1), pair('n2', 'n1', 1, 2)], expected: 2, answered: 1 };
    const failed = text({ ok: false, failures: ['no echo n1 -> n2 over IPv6'], echoes });
    expect(failed).toMatch(/^2 nodes, .*: not every host reaches every other\.\n/);
    expect(failed).toContain('What failed:\n  no echo n1 -> n2 over IPv6\n');
  });

  it.each([
    [{}, 'n1 was killed (kill -9): the others all reached each other again after 0.46 s'],
    [{ interrupted: 0, reachedMs: 0 }, 'n1 was killed (kill -9): the others reached each other all the time'],
    [{ reachedMs: undefined }, 'n1 was killed (kill -9): not all of the others reached each other again'],
    [{}, '  2 of 4 flows (host to host, IPv4 and IPv6 each) lost an echo'],
    [{}, '  their ring was whole again after 0.38 s'],
    [{ ringMs: undefined }, '  their ring did not become whole again'],
  ])('says how the others healed: %j', (change, line) => {
    expect(text({ heal: { ...heal, ...change } }).split('\n')).toContain(line);
  });
});
