import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frame, mac } from '../unit/support/switch-lab.ts';
import { ServedBridge } from './support/served-bridge.ts';

let served: ServedBridge;
let one: number;
let two: number;

beforeEach(async () => {
  served = await ServedBridge.start();
  one = served.addLeaf('tap0', 1);
  two = served.addLeaf('veth-b', 2);
});

afterEach(() => served.stop());

/** The output of a command that must succeed, without durations. */
async function output(command: string, ...args: string[]): Promise<string> {
  const answer = await served.ofctl(command, ...args);
  expect(answer, answer.stderr).toMatchObject({ code: 0 });
  return answer.stdout.replaceAll(/duration=[0-9.]+s/g, 'duration=Xs').replaceAll(/ \(xid=0x[0-9a-f]+\)/g, '');
}

function flowsIn(dump: string): string[] {
  return dump
    .split('\n')
    .filter((line) => line.startsWith(' cookie='))
    .map((line) => line.trim().replace('duration=Xs, ', ''));
}

async function flows(...args: string[]): Promise<string[]> {
  return flowsIn(await output('dump-flows', ...args));
}

async function refusal(command: string, ...args: string[]): Promise<string> {
  const answer = await served.ofctl(command, ...args);
  expect(answer.code).toBe(1);
  return answer.stderr.match(/OFP\w+FC_\w+|OFP\w+C_\w+/)?.[0] ?? answer.stderr;
}

describe('what a bridge is', () => {
  it('show', async () => {
    expect(await output('show')).toBe(
      [
        'OFPT_FEATURES_REPLY (OF1.3): dpid:0000525400123456',
        'n_tables:254, n_buffers:0',
        'capabilities: FLOW_STATS TABLE_STATS PORT_STATS GROUP_STATS QUEUE_STATS',
        'OFPST_PORT_DESC reply (OF1.3):',
        ' 1(tap0): addr:02:00:00:00:00:01',
        '     config:     0',
        '     state:      LIVE',
        '     speed: 0 Mbps now, 0 Mbps max',
        ' 2(veth-b): addr:02:00:00:00:00:02',
        '     config:     0',
        '     state:      LIVE',
        '     speed: 0 Mbps now, 0 Mbps max',
        'OFPT_GET_CONFIG_REPLY (OF1.3): frags=normal miss_send_len=0',
        '',
      ].join('\n'),
    );
  });

  it('dump-desc', async () => {
    expect(await output('dump-desc')).toContain('DP Description: served for tests');
  });

  it('dump-tables', async () => {
    await output('add-flow', 'table=7,actions=drop');
    const tables = await output('dump-tables');
    expect(tables).toContain('table 7:\n    active=1, lookup=0, matched=0');
    expect(tables).toContain('tables 9...253: ditto');
  });

  it('dump-table-features', async () => {
    const features = await output('dump-table-features');
    expect(features).toContain('max_entries=65536');
    expect(features).toContain('next tables: 1-253');
    expect(features).toContain(
      'instructions: meter apply_actions clear_actions write_actions write_metadata goto_table',
    );
    expect(features).toContain('table 253:');
  });

  it('probe and ping', async () => {
    await output('probe');
    expect((await output('ping')).match(/^64 bytes from br/gm)).toHaveLength(10);
  });

  it('get-frags and set-frags', async () => {
    expect(await output('get-frags')).toBe('normal\n');
    await output('set-frags', 'drop');
    expect(await output('get-frags')).toBe('drop\n');
    await output('set-frags', 'normal');
    expect(await output('get-frags')).toBe('normal\n');
  });
});

describe('ports', () => {
  it('dump-ports, of all and of one', async () => {
    served.bridge.receive(one, [frame(mac(1), mac(2))], performance.now());
    expect(await output('dump-ports')).toContain('2 ports\n  port  1: rx pkts=1, bytes=60, drop=0, errs=0');
    expect(await output('dump-ports', 'veth-b')).toContain('1 ports\n  port  2: rx pkts=0');
    expect(await output('dump-ports', '77')).toContain('OFPBRC_BAD_PORT');
  });

  it('mod-port', async () => {
    for (const change of ['down', 'no-receive', 'no-forward', 'no-packet-in']) await output('mod-port', 'tap0', change);
    expect(await output('dump-ports-desc', 'tap0')).toContain(
      'config:     PORT_DOWN NO_RECV NO_FWD NO_PACKET_IN\n     state:      LINK_DOWN',
    );
    for (const change of ['up', 'receive', 'forward', 'packet-in']) await output('mod-port', '1', change);
    expect(await output('dump-ports-desc')).toContain('config:     0\n     state:      LIVE');
  });

  it('queue-stats and queue-get-config', async () => {
    expect(await output('queue-stats')).toContain('2 queues');
    expect(await output('queue-get-config', '1')).toContain('OFPT_QUEUE_GET_CONFIG_REPLY (OF1.3):');
    expect(await output('queue-stats', '1', '5')).toContain('OFPQOFC_BAD_QUEUE');
  });
});

describe('flows', () => {
  it.each([
    'in_port=1 actions=output:2',
    'priority=0 actions=NORMAL',
    'table=3, priority=7,tcp,nw_src=10.0.0.0/8,tp_dst=80 actions=set_field:10.1.1.1->ip_dst,dec_ttl,CONTROLLER:128',
    'priority=5,dl_vlan=100,dl_vlan_pcp=3 actions=pop_vlan,IN_PORT',
    'dl_src=02:00:00:00:00:00/fe:00:00:00:00:00 actions=push_vlan:0x8100,set_field:4196->vlan_vid,ALL',
    'arp,arp_spa=10.0.0.1,arp_op=1 actions=set_field:2->arp_op,set_field:02:00:00:00:00:01->arp_sha,IN_PORT',
    'ipv6,ipv6_src=fd00::/64,ipv6_label=0x12345 actions=set_field:fd00::1->ipv6_dst,mod_nw_ttl:9,FLOOD',
    'icmp6,icmp_type=135,icmp_code=0,nd_target=fd00::1,nd_sll=02:00:00:00:00:01 actions=drop',
    'udp,nw_tos=184,nw_ecn=1,tp_src=53 actions=set_field:46->ip_dscp,set_field:5353->udp_dst,output:1001',
    'tun_id=0x5254,metadata=0x11/0xff actions=set_field:0x77->tun_id,output:65000',
    'sctp,tp_dst=7 actions=write_metadata:0x5/0xf,goto_table:4',
    'vlan_tci=0x1000/0x1000 actions=clear_actions,write_actions(output:2)',
    'mpls,mpls_label=5,mpls_tc=2,mpls_bos=1 actions=output:2',
  ])('keeps %s', async (flow) => {
    await output('add-flow', flow.replaceAll(', ', ','));
    const [, kept] = (await flows())[0]!.split('n_bytes=0, ');
    const table = flow.startsWith('table=3') ? 'table=3, ' : '';
    expect(table + (kept ?? (await flows())[0]!.split('n_bytes=0 ')[1])).toBe(flow);
  });

  it('mod-flows and del-flows, loose and strict, by cookie and output port', async () => {
    await output('add-flow', 'cookie=1,in_port=1,actions=output:2');
    await output('add-flow', 'cookie=2,priority=9,in_port=1,ip,actions=output:2');
    await output('add-flow', 'cookie=0x13,table=4,in_port=2,idle_timeout=60,actions=output:1');
    await output('mod-flows', 'in_port=1,actions=output:3');
    expect((await flows()).filter((flow) => flow.endsWith('actions=output:3'))).toHaveLength(2);
    await output('mod-flows --strict', 'in_port=1,actions=drop');
    expect(await flows('in_port=1,cookie=1/-1')).toEqual([
      'cookie=0x1, table=0, n_packets=0, n_bytes=0, in_port=1 actions=drop',
    ]);
    expect(await output('dump-aggregate', 'table=4')).toContain('packet_count=0 byte_count=0 flow_count=1');
    await output('del-flows', 'cookie=0x3/0x3');
    await output('del-flows', 'out_port=77');
    expect(await flows()).toHaveLength(2);
    await output('del-flows', 'out_port=3');
    await output('del-flows --strict', 'in_port=1');
    expect(await flows()).toEqual([]);
  });

  it('shows thousands, over several messages', async () => {
    for (let i = 0; i < 3000; i++) {
      served.bridge.changeFlows(
        {
          command: 0,
          tableId: i % 200,
          priority: 1,
          cookie: BigInt(i),
          cookieMask: 0n,
          idleTimeout: 0,
          hardTimeout: 0,
          bufferId: 0xffffffff,
          outPort: 0xffffffff,
          outGroup: 0xffffffff,
          flags: 0,
          match: [{ field: 'eth_dst', value: Uint8Array.of(2, 0, 0, 0, i >> 8, i & 0xff) }],
          instructions: [{ type: 'applyActions', actions: [{ type: 'output', port: 2, maxLen: 0 }] }],
        },
        performance.now(),
      );
    }
    expect(await flows()).toHaveLength(3000);
    expect(await output('dump-aggregate')).toContain('flow_count=3000');
    await output('del-flows');
    expect(await flows()).toEqual([]);
  });

  it.each([
    ['in_port=1,check_overlap,actions=drop', 'OFPFMFC_OVERLAP'],
    ['actions=group:1', 'OFPBAC_BAD_OUT_GROUP'],
    ['actions=clone(output:1)', 'OFPBAC_BAD_VENDOR_TYPE'],
  ])('refuses %s', async (flow, error) => {
    await output('add-flow', 'ip,actions=drop');
    expect(await refusal('add-flow', flow)).toBe(error);
    expect(await flows()).toHaveLength(1);
  });

  it('diff-flows and replace-flows', async () => {
    await output('add-flow', 'in_port=1,actions=output:2');
    expect(await served.ofctl('diff-flows', '/dev/null')).toMatchObject({
      code: 2,
      stdout: '-in_port=1 actions=output:2\n',
    });
    await output('replace-flows', '/dev/null');
    expect(await flows()).toEqual([]);
  });

  it('forwards by them', async () => {
    await output('add-flow', 'in_port=1,actions=output:2');
    served.bridge.receive(one, [frame(mac(1), mac(2))], performance.now());
    expect(served.sent.get('veth-b')).toHaveLength(1);
    expect(await flows()).toEqual(['cookie=0x0, table=0, n_packets=1, n_bytes=60, in_port=1 actions=output:2']);
  });
});

it('packet-out', async () => {
  const packet = `packet=${Buffer.from(frame(mac(1), mac(2))).toString('hex')}`;
  await output('packet-out', `in_port=controller,${packet},actions=output:1,output:2`);
  expect([served.sent.get('tap0')!.length, served.sent.get('veth-b')!.length]).toEqual([1, 1]);
  await output('add-flow', 'in_port=2,actions=output:1');
  await output('packet-out', `in_port=2,${packet},actions=TABLE`);
  expect(served.sent.get('tap0')).toHaveLength(2);
  expect(two).toBe(2);
});

it('monitor', async () => {
  await output('add-flow', 'priority=0,cookie=0x7,actions=CONTROLLER:30');
  await output('add-flow', 'in_port=2,send_flow_rem,cookie=0x8,actions=drop');
  const monitor = await served.monitor('65535');
  served.bridge.receive(one, [frame(mac(1), mac(2))], performance.now());
  await monitor.waitFor(/NXT_PACKET_IN2 .*cookie=0x7 total_len=60 in_port=1 \(via no_match\) data_len=30/);
  await output('del-flows', 'in_port=2');
  await monitor.waitFor(/OFPT_FLOW_REMOVED .*in_port=2 reason=delete.* cookie:0x8/);
  served.addLeaf('tap2', 3);
  await monitor.waitFor(/OFPT_PORT_STATUS .*ADD: *3\(tap2\)/);
  monitor.stop();
});
