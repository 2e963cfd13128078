import { describe, expect, test } from 'vitest';
import { formatActions, formatFlowStats, parseActions, parseFlow } from '../../ofp/index.ts';
import {
  type LabelContext,
  labelledActions,
  labelRules,
  nameIn,
  portRule,
  rulesOf,
} from '../../src/controller/open-vswitch/rules.ts';
import type { Rule } from '../../src/controller/runtime/rule.ts';

const self = 0x1111_2222_3333_4444n;
const [a, b] = [0xaaaa_bbbb_cccc_ddddn, 0xbbbb_cccc_dddd_eeeen];
const names = new Map([
  [a, 17],
  [b, 18],
]);
/** Ports 1 and 2 are links; 11 and 12 are leaf ports, and 20 is the one of floods. */
const context: LabelContext = {
  owner: 5,
  isLink: (port) => port === 1 || port === 2,
  label: (switchId) => names.get(switchId)!,
};

/** A rule as ovs-ofctl writes it. */
function read(text: string): Rule {
  const { tableId, priority, cookie, match, instructions, idleTimeout, hardTimeout } = parseFlow(text);
  return { table: tableId, priority, cookie, match, instructions, idleTimeout, hardTimeout };
}

/** As ovs-ofctl prints it. */
function write({ table, priority, cookie, match, instructions, idleTimeout = 0, hardTimeout = 0 }: Rule): string {
  const times = { idleTimeout, hardTimeout, flags: 0, importance: 0, stats: [] };
  const parts = { tableId: table, priority, cookie, match: [...match], instructions: [...instructions] };
  return formatFlowStats({ ...parts, ...times }, { noStats: true });
}

const translated = (text: string) => rulesOf(read(text), context).map(write);

describe('a rule of the overlay on an Open vSwitch', () => {
  test.each<[string, string, string[]]>([
    [
      'stands two tables further on, and so does the table where frames go on',
      'table=0,priority=7,in_port=1 actions=goto_table:4',
      ['cookie=0x524c050000000000, table=2, priority=7,in_port=1 actions=goto_table:6'],
    ],
    [
      'keeps its times, its meter and what it writes into metadata',
      'table=2,idle_timeout=300,priority=9,dl_src=02:00:00:00:00:01 actions=meter:3,write_metadata:0x5,goto_table:3',
      [
        'cookie=0x524c050000000000, table=4, idle_timeout=300, priority=9,dl_src=02:00:00:00:00:01 actions=meter:3,write_metadata:0x5,goto_table:5',
      ],
    ],
    [
      'drops what it dropped',
      'table=0,priority=7,dl_src=01:00:00:00:00:00/01:00:00:00:00:00 actions=drop',
      ['cookie=0x524c050000000000, table=2, priority=7,dl_src=01:00:00:00:00:00/01:00:00:00:00:00 actions=drop'],
    ],
    [
      'has the name of what it is for in its cookie',
      'cookie=0xa,table=3,priority=5 actions=CONTROLLER:65535',
      ['cookie=0x524c05000000000a, table=5, priority=5 actions=CONTROLLER:65535'],
    ],
    [
      'or the first bits of the switch that it is about',
      `cookie=0x${a.toString(16)},table=3,priority=5 actions=drop`,
      ['cookie=0x524c05aaaabbbbcc, table=5, priority=5 actions=drop'],
    ],
    [
      'gives a frame for another switch the tag of that switch',
      `table=3,priority=5,dl_dst=02:00:00:00:00:01 actions=set_field:0x${a.toString(16)}->tun_id,goto_table:4`,
      [
        `cookie=0x524c050000000000, table=5, priority=5,dl_dst=02:00:00:00:00:01 actions=set_field:0x${a.toString(16)}->tun_id,push_vlan:0x8100,set_field:4113->vlan_vid,set_field:0->vlan_pcp,goto_table:6`,
      ],
    ],
    [
      'sends by a next hop frames of either kind of label',
      `cookie=0x${a.toString(16)},table=4,priority=64,pkt_mark=0,tun_id=0x${a.toString(16)} actions=output:1`,
      [
        `cookie=0x524c05aaaabbbbcc, table=8, priority=64,mpls,tun_id=0x${a.toString(16)},vlan_tci=0x0000/0x1fff,mpls_tc=0 actions=output:1`,
        `cookie=0x524c05aaaabbbbcc, table=6, priority=64,tun_id=0x${a.toString(16)},vlan_tci=0x1000/0x1000 actions=output:1`,
      ],
    ],
    [
      'begins a detour of frames of either kind',
      `table=4,priority=64,pkt_mark=0,tun_id=0x${a.toString(16)} actions=meter:9,set_field:0x2->pkt_mark,group:4`,
      [
        `cookie=0x524c050000000000, table=8, priority=64,mpls,tun_id=0x${a.toString(16)},vlan_tci=0x0000/0x1fff,mpls_tc=0 actions=meter:9,set_field:2->mpls_tc,group:4`,
        `cookie=0x524c050000000000, table=6, priority=64,tun_id=0x${a.toString(16)},vlan_tci=0x1000/0x1000 actions=meter:9,set_field:2->vlan_pcp,group:4`,
      ],
    ],
    [
      'leads on a detour what is on its way only: nothing enters the overlay on one',
      'table=4,priority=4,in_port=1,pkt_mark=3,tun_id=0xa000000000000000/0xf000000000000000 actions=IN_PORT',
      [
        'cookie=0x524c050000000000, table=8, priority=4,mpls,tun_id=0xa000000000000000/0xf000000000000000,in_port=1,vlan_tci=0x0000/0x1fff,mpls_tc=3 actions=IN_PORT',
      ],
    ],
  ])('%s', (_, rule, expected) => {
    expect(translated(rule)).toEqual(expected);
  });
});

describe('the tag of a frame for another switch', () => {
  const [toA, toB] = [a, b].map((id) => `set_field:0x${id.toString(16)}->tun_id`);
  const tagA = `${toA},push_vlan:0x8100,set_field:4113->vlan_vid,set_field:0->vlan_pcp`;
  test.each<[string, string, string]>([
    ['is not there without a switch', 'output:11,output:20,output:1', 'output:11,output:20,output:1'],
    ['goes out of links', `${toA},output:1,output:2`, `${tagA},output:1,output:2`],
    ['and by groups, which lead to links', `${toA},group:3`, `${tagA},group:3`],
    ['is taken off for a leaf port', `${toA},output:1,output:11`, `${tagA},output:1,pop_vlan,output:11`],
    ['is taken off once', `${toA},output:11,output:12`, `${tagA},pop_vlan,output:11,output:12`],
    ['is taken off for floods', `${toA},output:20`, `${tagA},pop_vlan,output:20`],
    ['and for the controller', `${toA},CONTROLLER:64`, `${tagA},pop_vlan,CONTROLLER:64`],
    [
      'becomes that of the next switch',
      `${toA},output:1,${toB},output:2`,
      `${tagA},output:1,${toB},set_field:4114->vlan_vid,set_field:0->vlan_pcp,output:2`,
    ],
    [
      'is put on again after a leaf port',
      `${toA},output:1,output:11,${toB},output:2`,
      `${tagA},output:1,pop_vlan,output:11,${toB},push_vlan:0x8100,set_field:4114->vlan_vid,set_field:0->vlan_pcp,output:2`,
    ],
  ])('%s', (_, actions, expected) => {
    expect(formatActions(labelledActions(parseActions(actions), context))).toBe(expected);
  });
});

describe('what comes in', () => {
  test.each([
    ['leaf', 'actions=goto_table:2'],
    ['flood', 'actions=goto_table:1'],
    // It leaves here unless labels of transit say otherwise.
    ['link', 'actions=set_field:0x1111222233334444->tun_id,goto_table:1'],
  ] as const)('by the port of a %s', (kind, actions) => {
    expect(write(portRule(5, 3, kind, self))).toBe(`cookie=0x524c050000000000, priority=100,in_port=3 ${actions}`);
  });

  test('with a label: where it entered the overlay, or where it leaves it', () => {
    const cookie = 'cookie=0x524c05aaaabbbbcc, table=1, priority=100';
    const entered = 'write_metadata:0xaaaabbbbccccdddd,goto_table:2';
    const mpls = 'mpls,vlan_tci=0x0000/0x1fff,mpls_label=17';
    const rules = labelRules(5, a, 17).map(write);
    expect(rules).toEqual([
      `${cookie},dl_vlan=17 actions=pop_vlan,${entered}`,
      `${cookie},${mpls},mpls_tc=0,mpls_bos=1 actions=pop_mpls:0x8100,${entered}`,
      `${cookie},${mpls},mpls_tc=1,mpls_bos=1 actions=pop_mpls:0x88a8,${entered}`,
      `${cookie},${mpls},mpls_bos=0 actions=dec_mpls_ttl,set_field:0xaaaabbbbccccdddd->tun_id,goto_table:8`,
    ]);
  });

  test.each([0n, 1n, 10n, (1n << 24n) - 1n])('to the controller, by the name %s', (name) => {
    const [rule] = rulesOf({ ...read('table=3,priority=1 actions=CONTROLLER:64'), cookie: name }, context);
    expect(nameIn(rule!.cookie)).toBe(name);
  });
});
