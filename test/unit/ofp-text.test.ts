import { describe, expect, test } from 'vitest';
import {
  formatActions,
  formatFlow,
  formatFlowStats,
  formatIpv6,
  formatMatch,
  formatMessage,
  type Message,
  OfpTextError,
  parseActions,
  parseFlow,
  parseGroup,
  parseIpv6,
  parseMatch,
  parseMeter,
  type ReplyItem,
} from '../../ofp/index.ts';

const entry: ReplyItem<'flow'> = {
  tableId: 3,
  durationSec: 1,
  durationNsec: 200_000_000,
  priority: 10,
  idleTimeout: 0,
  hardTimeout: 30,
  flags: 1,
  importance: 0,
  cookie: 0xabcn,
  packetCount: 5n,
  byteCount: 300n,
  match: [{ field: 'in_port', value: 1 }],
  instructions: [{ type: 'applyActions', actions: [{ type: 'output', port: 2, maxLen: 0 }] }],
};

describe('flows of a dump', () => {
  test('show statistics, then what they match and do', () => {
    expect(formatFlowStats(entry)).toBe(
      'cookie=0xabc, duration=1.200s, table=3, n_packets=5, n_bytes=300, hard_timeout=30, send_flow_rem priority=10,in_port=1 actions=output:2',
    );
  });

  test('may be shown without what changes from dump to dump', () => {
    expect(formatFlowStats({ ...entry, cookie: 0n, tableId: 0, flags: 0, hardTimeout: 0 }, { noStats: true })).toBe(
      'priority=10,in_port=1 actions=output:2',
    );
  });

  test('that match and do nothing are short', () => {
    expect(formatFlowStats({ ...entry, match: [], priority: 0x8000, instructions: [] }, { noStats: true })).toBe(
      'cookie=0xabc, table=3, hard_timeout=30, send_flow_rem actions=drop',
    );
  });

  test('of 1.5 have their statistics in a list', () => {
    const { durationSec, durationNsec, packetCount: _, byteCount, ...rest } = entry;
    const stats: ReplyItem<'flowDesc'>['stats'] = [
      { field: 'duration', value: [durationSec, durationNsec] },
      { field: 'byte_count', value: byteCount },
    ];
    const text = formatFlowStats({ importance: 0, ...rest, stats }, { version: 6 });
    expect(text).toContain('duration=1.200s, table=3, n_packets=?, n_bytes=300');
  });

  test('can be read back as flows to add', () => {
    expect(parseFlow(` ${formatFlowStats(entry)}`)).toMatchObject({
      cookie: 0xabcn,
      tableId: 3,
      priority: 10,
      hardTimeout: 30,
      flags: 1,
      match: entry.match,
      instructions: entry.instructions,
    });
  });
});

describe('flows to add', () => {
  test('are read as flow-mods', () => {
    expect(parseFlow('priority=10,ip,nw_dst=10.0.0.0/8,actions=output:3')).toEqual({
      type: 'flowMod',
      version: 4,
      xid: 0,
      command: 0,
      cookie: 0n,
      cookieMask: 0n,
      tableId: 0,
      idleTimeout: 0,
      hardTimeout: 0,
      priority: 10,
      bufferId: 0xffffffff,
      outPort: 0xffffffff,
      outGroup: 0xffffffff,
      flags: 0,
      match: [
        { field: 'eth_type', value: 0x0800 },
        { field: 'ipv4_dst', value: 0x0a000000, mask: 0xff000000 },
      ],
      instructions: [{ type: 'applyActions', actions: [{ type: 'output', port: 3, maxLen: 0 }] }],
    });
  });

  test.each([
    ['add table=3,ip,actions=drop', 0, 3],
    ['modify ip,actions=drop', 1, 0],
    ['modify_strict priority=3,ip,actions=drop', 2, 0],
    ['delete ip', 3, 255],
    ['delete', 3, 255],
    ['delete_strict priority=3 table=7', 4, 7],
  ])('"%s" begins with its command', (text, command, tableId) => {
    expect(parseFlow(text)).toMatchObject({ command, tableId });
  });

  test.each([
    'delete cookie=0x5/-1,out_port=3,out_group=7',
    'table=1,cookie=0x3,idle_timeout=5,send_flow_rem,tcp6,tp_dst=80,actions=meter:3,group:5,goto_table:9',
    'modify cookie=0x5/0xff,actions=CONTROLLER:128',
  ])('"%s" is read back from what it is written as', (text) => {
    const flow = parseFlow(text);
    const command = text.split(' ')[0] as 'delete' | 'modify';
    const options = command === 'delete' || command === 'modify' ? { command } : {};
    expect(parseFlow(formatFlow(flow), options)).toEqual(flow);
  });

  test('ports may have names', () => {
    const ports = { byName: new Map([['eth0', 7]]), byNumber: new Map([[7, 'eth0']]) };
    const flow = parseFlow('in_port=eth0,actions=output:eth0,eth0', { ports });
    expect(flow).toMatchObject({
      match: [{ field: 'in_port', value: 7 }],
      instructions: [{ actions: [{ port: 7 }, { port: 7 }] }],
    });
    expect(formatFlow(flow, ports)).toBe('in_port=eth0,actions=output:eth0,output:eth0');
  });

  test('a later word replaces an earlier one', () => {
    expect(parseMatch('tcp,udp,in_port=1,in_port=2')).toEqual([
      { field: 'in_port', value: 2 },
      { field: 'eth_type', value: 0x0800 },
      { field: 'ip_proto', value: 17 },
    ]);
    expect(parseMatch('ip,nw_src=1.2.3.4,nw_src=*,eth_src=02:00:00:00:00:01/00:00:00:00:00:00')).toEqual([
      { field: 'eth_type', value: 0x0800 },
    ]);
  });

  test('fields that Open vSwitch lacks are read and printed', () => {
    for (const text of ['dl_type=0x88e7,pbb_isid=0x123', 'ipv6,ipv6_exthdr=0x3/0x1f', 'in_port=1,in_phy_port=2']) {
      expect(formatMatch(parseMatch(text))).toBe(text.replace('0x3/', '0x3/'));
    }
    const actions = 'copy_ttl_out,copy_ttl_in,push_pbb:0x88e7,pop_pbb,experimenter(id=0x1234,data=00.01.02.03)';
    expect(formatActions(parseActions(actions))).toBe(actions);
  });

  test('old words become set_field, or what 1.0 has', () => {
    const text =
      'tcp,dl_vlan=3,actions=mod_dl_src:02:00:00:00:00:01,mod_nw_dst:1.2.3.4,mod_tp_dst:80,mod_vlan_vid:5,strip_vlan';
    expect(formatFlow(parseFlow(text))).toBe(
      'tcp,dl_vlan=3,actions=set_field:02:00:00:00:00:01->eth_src,set_field:1.2.3.4->ip_dst,set_field:80->tcp_dst,set_field:4101->vlan_vid,pop_vlan',
    );
    expect(formatFlow(parseFlow(text, { version: 1 }))).toBe(text);
    expect(formatFlow(parseFlow('actions=mod_vlan_vid:5'))).toBe('actions=push_vlan:0x8100,set_field:4101->vlan_vid');
    expect(formatFlow(parseFlow('actions=set_field:02:00:00:00:00:01->eth_dst', { version: 1 }))).toBe(
      'actions=mod_dl_dst:02:00:00:00:00:01',
    );
  });
});

describe('text that is wrong', () => {
  const cases: [text: string, position: number, expected: string][] = [
    ['ip,nw_dst=10.0.0.256,actions=drop', 10, 'an IPv4 address'],
    ['ip,actions=output:1,frobnicate', 20, 'an action'],
    ['nw_dst=10.0.0.1,actions=drop', 0, 'eth_type=0x800 with nw_dst'],
    ['arp,arp_op=1,actions=mod_nw_src:1.2.3.4', 21, 'a flow of IPv4'],
    ['priority=65536,actions=drop', 9, 'a number of at most 16 bits'],
    ['in_port=1', 9, 'actions='],
    ['actions=drop,1', 8, 'no drop beside other actions'],
    ['actions=goto_table:3,output:1', 21, 'output before goto_table'],
    ['constructor=1,actions=drop', 0, 'a match field or a property of the flow'],
    ['table=9,actions=goto_table:9', 16, 'a table after 9'],
  ];
  test.each(cases)('"%s" says where and why', (text, position, expected) => {
    let error: unknown;
    try {
      parseFlow(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(OfpTextError);
    expect(error).toMatchObject({ code: 'OFP_TEXT', position, expected });
    expect((error as Error).message).toContain(`at character ${position + 1}`);
  });

  test('groups and meters as well', () => {
    expect(() => parseGroup('group_id=1,type=all,bucket=output:x')).toThrow(
      expect.objectContaining({ code: 'OFP_TEXT', position: 34 }),
    );
    expect(() => parseMeter('meter=1 kbps band=type=drop rate=x')).toThrow(
      expect.objectContaining({ code: 'OFP_TEXT', position: 33 }),
    );
  });
});

test.each([
  ['::', '::'],
  ['::1', '::1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['0:0:0:0:0:ffff:102:304', '::ffff:1.2.3.4'],
  ['::1.2.3.4', '::1.2.3.4'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
  ['fe80::', 'fe80::'],
])('the address %s is written as %s', (text, written) => {
  expect(formatIpv6(parseIpv6(text)!)).toBe(written);
});

test.each([
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  '::1.2.3',
  '::1.2.3.256',
  'g::',
])('%s is no address', (text) => {
  expect(parseIpv6(text)).toBeUndefined();
});

describe('messages', () => {
  test('are headed by name, version and transaction id', () => {
    expect(formatMessage({ type: 'barrierRequest', version: 4, xid: 0x1f })).toBe(
      'OFPT_BARRIER_REQUEST (OF1.3) (xid=0x1f):',
    );
    expect(formatMessage({ type: 'barrierRequest', version: 1, xid: 1 })).toBe('OFPT_BARRIER_REQUEST (xid=0x1):');
  });

  test('of an error show the message that was refused', () => {
    const error: Message<'error'> = {
      type: 'error',
      version: 4,
      xid: 2,
      errorType: 1,
      code: 6,
      data: Uint8Array.of(4, 14, 0, 80, 0, 0, 0, 2),
    };
    expect(formatMessage(error)).toBe(
      'OFPT_ERROR (OF1.3) (xid=0x2): OFPBRC_BAD_LEN\n' +
        'OFPT_FLOW_MOD (OF1.3) (xid=0x2):\n' +
        '(***truncated to 8 bytes from 80***)\n' +
        '00000000  04 0e 00 50 00 00 00 02-                        |...P....        |',
    );
  });
});
