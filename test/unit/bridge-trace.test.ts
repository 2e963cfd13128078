import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatMatch, parseFlow, parseGroup, parseMatch, parseMeter } from '../../ofp/index.ts';
import { type ReplayedFrame, replayCapture } from '../../src/bridge/index.ts';
import { composeFrame } from '../../src/bridge/trace/compose.ts';
import { fieldsOf } from '../../src/bridge/trace/frame-fields.ts';
import { Replica } from '../../src/bridge/trace/replica.ts';
import { captureHeader, captureRecord } from '../../src/pcap/index.ts';
import { Bridge } from '../../switch/index.ts';
import { Packet } from '../../switch/packet/index.ts';

function makeBridge(...rules: string[]): Bridge {
  const bridge = new Bridge({ datapathId: 1n, selfId: 1n << 64n });
  for (const no of [1, 2, 3]) {
    const send = () => {
      throw new Error('a trace sends nothing');
    };
    bridge.addPort({ no, name: `p${no}`, mac: Uint8Array.of(2, 0, 0, 0, 0, no), kind: 'leaf', send }, 0);
  }
  for (const rule of rules) {
    if (rule.startsWith('group_id')) bridge.changeGroups(parseGroup(rule), 0);
    else if (rule.startsWith('meter')) bridge.changeMeters(parseMeter(rule), 0);
    else bridge.changeFlows(parseFlow(rule), 0);
  }
  return bridge;
}

function trace(bridge: Bridge, match: string, isAlone = false) {
  const { frame, inPort } = composeFrame(parseMatch(match));
  return new Replica(bridge, isAlone, 1000).run(inPort, frame, 1000);
}

describe('a frame made of a match', () => {
  it.each([
    'in_port=1,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,dl_type=0x88b5',
    'tcp,in_port=2,dl_vlan=5,dl_vlan_pcp=3,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=32,nw_ecn=1,tp_src=1000,tp_dst=80',
    'udp6,in_port=1,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,ipv6_src=fd00::1,ipv6_dst=fd00::2,ipv6_label=0x12345,nw_tos=0,nw_ecn=0,tp_src=53,tp_dst=5353',
    'icmp,in_port=1,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=0,nw_ecn=0,icmp_type=8,icmp_code=0',
    'arp,in_port=1,dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,arp_spa=10.0.0.1,arp_tpa=10.0.0.2,arp_op=1,arp_sha=02:00:00:00:00:01,arp_tha=00:00:00:00:00:00',
  ])('fits it: %s', (match) => {
    const { frame, inPort } = composeFrame(parseMatch(match));
    const packet = new Packet();
    packet.load(frame);
    packet.setContext(inPort, 0, 0, 0, 0);
    expect(formatMatch(fieldsOf(packet))).toBe(match);
  });

  it('is refused where none can be made', () => {
    expect(() => composeFrame(parseMatch('in_port=1,metadata=5'))).toThrow(/no frame can be made of metadata/);
  });
});

describe('a trace', () => {
  const bridge = makeBridge(
    'meter=1,kbps,bands=type=drop,rate=1000',
    'group_id=6,type=indirect,bucket=output:3',
    'group_id=5,type=all,bucket=output:2,bucket=mod_vlan_vid:7,group:6',
    'priority=10,ip,in_port=1,actions=dec_ttl,goto_table:1',
    'table=1,tcp,tp_dst=80,actions=meter:1,group:5',
    'priority=0,actions=controller:64',
  );

  it('follows a frame through tables and groups', () => {
    const { steps, groups, outputs, toController } = trace(bridge, 'tcp,in_port=1,nw_dst=10.0.0.2,tp_dst=80');
    expect(steps).toEqual([
      { table: 0, rule: 'priority=10,ip,in_port=1', actions: 'dec_ttl,goto_table:1' },
      { table: 1, rule: 'tcp,tp_dst=80', actions: expect.stringMatching(/meter:1,.*group:5/) },
    ]);
    expect([groups, toController]).toEqual([[5, 6], []]);
    expect(outputs).toMatchObject([
      { port: 2, name: 'p2', flow: expect.stringContaining('tcp,dl_src') },
      { port: 3, name: 'p3', flow: expect.stringContaining('dl_vlan=7') },
    ]);
  });

  it('ends where there is no rule, or at the controllers', () => {
    expect(trace(bridge, 'udp,in_port=1,tp_dst=80')).toMatchObject({
      steps: [{ table: 0 }, { table: 1, rule: undefined }],
      ...{ outputs: [], toController: [] },
    });
    expect(trace(bridge, 'arp,in_port=2').toController).toEqual([{ reason: 'no match', bytes: 60 }]);
  });

  it('leaves the bridge as it was', () => {
    expect(bridge.flowStats(1000).map(({ packetCount }) => packetCount)).toEqual([0n, 0n, 0n]);
    expect([bridge.macs.size, bridge.ports.map(({ counters }) => counters.rxPackets)]).toEqual([0, [0, 0, 0]]);
  });

  it('knows the hosts that the bridge knows, and ports that are down', () => {
    const known = makeBridge();
    const packet = new Packet();
    packet.load(composeFrame(parseMatch('dl_src=02:00:00:00:00:09,dl_vlan=5')).frame);
    known.macs.learn(packet, 5, 3, 900);
    expect(trace(known, 'in_port=1,dl_dst=02:00:00:00:00:09,dl_vlan=5', true).outputs).toMatchObject([{ port: 3 }]);
    known.setLink(2, false);
    expect(trace(known, 'in_port=1,dl_dst=02:00:00:00:00:09', true).outputs).toMatchObject([{ port: 3 }]);
    expect(trace(known, 'in_port=1,dl_dst=02:00:00:00:00:09').outputs).toEqual([]);
  });
});

describe('a replay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rgt-replay-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'capture.pcap');
  const frames = ['dl_dst=ff:ff:ff:ff:ff:ff,dl_src=02:00:00:00:00:01', 'tcp,dl_dst=02:00:00:00:00:05,tp_dst=80'].map(
    (match) => composeFrame(parseMatch(match)).frame,
  );
  writeFileSync(
    path,
    Buffer.concat([captureHeader(), ...frames.map((frame, i) => captureRecord(5000 + i * 1500, frame))]),
  );

  async function replay(rules: string | undefined, inPort?: number): Promise<ReplayedFrame[]> {
    const replayed: ReplayedFrame[] = [];
    for await (const frame of replayCapture(path, { rules, ports: 2, inPort })) replayed.push(frame);
    return replayed;
  }

  it('shows what each frame hits, in the time of the capture', async () => {
    const [first, second] = await replay(
      '# rules\nflow tcp actions=group:1\ngroup group_id=1,type=all,bucket=output:1\n',
      2,
    );
    expect(first).toMatchObject({
      number: 1,
      seconds: 0,
      inPort: 2,
      trace: { steps: [{ rule: undefined }], outputs: [] },
    });
    expect(second).toMatchObject({
      number: 2,
      seconds: 1.5,
      trace: { steps: [{ rule: 'tcp' }], groups: [1], outputs: [{ port: 1 }] },
    });
  });

  it('without rules is one through a switch that learns', async () => {
    expect((await replay(undefined)).map(({ trace: { outputs } }) => outputs.map(({ name }) => name))).toEqual([
      ['p2'],
      ['p2'],
    ]);
  });

  it('names the line of a rule that is none, and a port that is not there', async () => {
    await expect(replay('tcp actions=output:1\ntcp colour=red')).rejects.toThrow(/^line 2 of the rules: /);
    await expect(replay('tcp actions=group:9')).rejects.toThrow(/^line 1 of the rules: /);
    await expect(replay('', 3)).rejects.toThrow(/would be port 3 of 2/);
  });
});
