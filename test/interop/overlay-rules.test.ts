import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatFlowStats, formatGroup, GroupNo } from '../../ofp/index.ts';
import type { NodeId } from '../../topology/index.ts';
import { TestSwitch } from '../unit/support/test-switch.ts';
import { ofctl } from './support/ofctl.ts';
import { RealOvs } from './support/real-ovs.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
let ovs: RealOvs;

beforeEach(async () => {
  ovs = await RealOvs.start('0000000000000001', []);
});
afterEach(() => ovs?.stop());

/** A switch of an overlay with equals, spares, detours and ways to switches that it does not know. */
function busySwitch(): TestSwitch {
  const sw = new TestSwitch(node(0x10), { storm: { broadcast: 0, multicast: 0, unknownUnicast: 0 } });
  sw.addLeaf('tap0');
  for (const peer of [0x20, 0x30, 0xa0]) sw.addPeer(node(peer));
  const neighbours = new Map([
    [node(0x20), [node(0x40)]],
    [node(0x30), [node(0x40)]],
    [node(0xa0), []],
  ]);
  sw.adjacency(neighbours, { members: [0x14, 0x20, 0x30, 0x40, 0xa0].map(node), nodes: 1_000 });
  return sw;
}

it('ovs-ofctl reads every rule and group of an overlay, and an Open vSwitch takes them as they are', async () => {
  const sw = busySwitch();
  const groups = sw.bridge.groupDesc(GroupNo.ALL);
  const flows = sw.bridge.flowStats(0);
  const text = {
    // Buckets have ids from 1.5 on.
    groups: groups.map((group) => formatGroup(group).replaceAll(/bucket_id:\d+,/g, '')),
    flows: flows.map((flow) =>
      formatFlowStats(flow)
        .replace(/duration=[^,]*, /, '')
        .replace(/n_packets=\d+, n_bytes=\d+, /, ''),
    ),
  };
  expect(text.groups.some((line) => line.includes('type=select'))).toBe(true);
  expect(text.groups.some((line) => line.includes('type=ff'))).toBe(true);
  for (const part of ['set_field:0x3->pkt_mark', 'IN_PORT', 'pkt_mark=0x2', '/0xf'])
    expect(text.flows.some((line) => line.includes(part))).toBe(true);
  const files = { groups: join(ovs.folder, 'groups'), flows: join(ovs.folder, 'flows') };
  await writeFile(files.groups, `${text.groups.join('\n')}\n`);
  await writeFile(files.flows, `${text.flows.join('\n')}\n`);
  const run = async (command: string, ...args: string[]) => {
    const answer = await ofctl(ovs.folder, 'OpenFlow13', command, args);
    expect(answer, `${command}: ${answer.stderr}`).toMatchObject({ code: 0 });
    return answer.stdout.trim();
  };
  await run('add-groups', files.groups);
  await run('add-flows', files.flows);
  expect(await run('diff-flows', files.flows)).toBe('');
  const kept = await run('dump-groups');
  expect(
    kept
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
      .sort(),
  ).toEqual([...text.groups].sort());
});
