import { PortNo } from '../../../ofp/index.ts';
import { OXM_FIELDS, type OxmInfo } from '../../../ofp/tables/oxm.ts';
import type { Json } from './ofp-os-ken.ts';
import { ofTables, plain, type Row, rows } from './tester-fields.ts';
import { frame, type Kind, kindValues, type Tag, type Values } from './tester-frames.ts';

/** A case of os-ken's tester: rules for the switch, a frame, and what has to become of it. */
export type TesterCase = { readonly [member: string]: Json };

/** Every field that is looked for. */
export const fieldsOfCases: readonly string[] = [...Object.keys(rows), ...Object.keys(ofTables), 'in_port', 'eth_type'];

const usual: Values = {
  ...Object.fromEntries(Object.entries(rows).map(([field, { values }]) => [field, values[0]])),
  ipv6_exthdr: 0,
  ttl: 64,
  mpls_ttl: 99,
};
const valuesOf = (kind: Kind, values: Values = {}): Values => ({ ...usual, ...kindValues(kind), ...values });
const info = (field: string): OxmInfo => (OXM_FIELDS as { readonly [name: string]: OxmInfo })[field]!;

const tlv = (field: string, value: Json, mask?: Json): Json => ({
  OXMTlv: { field, value, ...(mask !== undefined && { mask }) },
});
const action = (type: string, members: Json = {}): Json => ({ [`OFPAction${type}`]: members });
const setField = (field: string, value: Json): Json => action('SetField', { field: tlv(field, value) });
const toPort: Json = action('Output', { port: 2 });
const toController: Json = action('Output', { port: PortNo.CONTROLLER, max_len: 0xffff });

function flow(tableId: number, match: Json[], actions: Json[], ...more: Json[]): Json {
  const apply: Json[] = actions.length > 0 ? [{ OFPInstructionActions: { actions, type: 4 } }] : [];
  return {
    OFPFlowMod: { table_id: tableId, match: { OFPMatch: { oxm_fields: match } }, instructions: [...apply, ...more] },
  };
}
const goto1: Json = { OFPInstructionGotoTable: { table_id: 1 } };

function tested(description: string, rules: Json[], ingress: Json[], expected: { [what: string]: Json }): TesterCase {
  return { description, prerequisite: rules, tests: [{ ingress, ...expected }] };
}

/** Without the lower part of the value. */
function masked(field: string, value: number | string): [value: Json, mask: Json] {
  const { kind, bits } = info(field);
  if (typeof value === 'number') {
    const mask = 2 ** Math.min(bits, 32) - 16;
    return [Number(BigInt(value) & BigInt(mask)), mask];
  }
  if (kind === 'mac') return [`${value.slice(0, -2)}00`, 'ff:ff:ff:ff:ff:00'];
  if (kind === 'ipv6') return [`${value.split(':').slice(0, 4).join(':')}::`, 'ffff:ffff:ffff:ffff::'];
  return [value.replace(/\d+$/, '0'), '255.255.255.0'];
}

/** What must be in a match before a field, with the values that the frame has (`ofp/tables/oxm.ts`). */
function prerequisites(field: string, tags: readonly Tag[], values: Values): Json[] {
  const outside: Values = tags.includes('mpls')
    ? { eth_type: 0x8847 }
    : tags.includes('pbb')
      ? { eth_type: 0x88e7 }
      : {};
  return (info(field).needs ?? []).map(([needed]) => tlv(needed, { ...values, ...outside }[needed]!));
}

/** How a tag that hides what is inside is taken off on the way to table 1. */
const removals: { readonly [T in Tag]?: (type: Json) => Json } = {
  mpls: (type) => flow(0, [tlv('eth_type', 0x8847)], [action('PopMpls', { ethertype: type })], goto1),
  pbb: () => flow(0, [tlv('eth_type', 0x88e7)], [action('PopPbb')], goto1),
};

/** A frame's ways: as it is, under a VLAN tag, and under tags that have to go first. */
function waysOf({ tags }: Row): (readonly Tag[])[] {
  return tags ? [tags] : [[], ['vlan'], ['mpls'], ['pbb']];
}

function casesOf(field: string, row: Row): TesterCase[] {
  const [wanted, other] = row.values;
  const cases: TesterCase[] = [];
  for (const kind of row.on) {
    for (const tags of waysOf(row)) {
      const values = valuesOf(kind, { [field]: wanted });
      const changed = { ...values, [field]: other };
      const remove = row.tags ? undefined : removals[tags[0]!];
      const table = remove ? 1 : 0;
      const first = remove ? [remove(values.eth_type!)] : [];
      const before = frame(kind, tags, values);
      const after = (v: Values) => frame(kind, remove ? [] : tags, v);
      const matches: [string, Json[]][] = [['is', [tlv(field, wanted)]]];
      if (info(field).maskable) matches.push(['is partly', [tlv(field, ...masked(field, wanted))]]);
      const needs = prerequisites(field, row.tags ?? [], values);
      const name = `${[...tags, kind].join('/')}: ${field}`;
      for (const [what, match] of matches) {
        const rule = (to: Json) => [...first, flow(table, [...needs, ...match], [to])];
        cases.push(tested(`${name} ${what} ${wanted}`, rule(toPort), before, { egress: after(values) }));
        if (tags === row.tags || tags.length === 0) {
          cases.push(
            tested(`${name} ${what} ${wanted}, told`, rule(toController), before, { PACKET_IN: after(values) }),
          );
        }
        const miss = frame(kind, tags, changed);
        cases.push(tested(`${name} not ${what} ${other}`, rule(toPort), miss, { 'table-miss': [table] }));
      }
      if (row.isFixed) continue;
      const rules = [...first, flow(table, [...needs, tlv(field, wanted)], [setField(field, other), toPort])];
      cases.push(tested(`${name} becomes ${other}`, rules, before, { egress: after(changed) }));
    }
  }
  return cases;
}

function tableCases(field: string): TesterCase[] {
  const [wanted, other] = ofTables[field]!;
  const write = (value: number): Json =>
    field === 'metadata'
      ? flow(
          0,
          [tlv('in_port', 1)],
          [],
          { OFPInstructionWriteMetadata: { metadata: value, metadata_mask: 0xffff_ffff } },
          goto1,
        )
      : flow(0, [tlv('in_port', 1)], [setField(field, value)], goto1);
  return plain.flatMap((kind) => {
    const sent = frame(kind, [], valuesOf(kind));
    return [[tlv(field, wanted)], [tlv(field, ...masked(field, wanted))]].flatMap((match, i) => {
      const name = `${kind}: ${field}${i ? ' partly' : ''}`;
      const rules = (value: number) => [write(value), flow(1, match, [toPort])];
      return [
        tested(`${name} is ${wanted}`, rules(wanted), sent, { egress: sent }),
        tested(`${name} is not ${other}`, rules(other), sent, { 'table-miss': [1] }),
      ];
    });
  });
}

/** The two fields whose values are the frame's own. */
function ownCases(kind: Kind): TesterCase[] {
  const values = valuesOf(kind);
  const sent = frame(kind, [], values);
  const type = (value: Json) => [tlv('eth_type', value)];
  const retyped = frame(kind, [], { ...values, eth_type: 0x88b5 });
  return [
    tested(`${kind}: in_port is 1`, [flow(0, [tlv('in_port', 1)], [toPort])], sent, { egress: sent }),
    tested(`${kind}: in_port is not 3`, [flow(0, [tlv('in_port', 3)], [toPort])], sent, { 'table-miss': [0] }),
    tested(`${kind}: eth_type`, [flow(0, type(values.eth_type!), [toPort])], sent, { egress: sent }),
    tested(`${kind}: not eth_type`, [flow(0, type(0x88b5), [toPort])], sent, { 'table-miss': [0] }),
    tested(
      `${kind}: eth_type becomes`,
      [flow(0, type(values.eth_type!), [setField('eth_type', 0x88b5), toPort])],
      sent,
      {
        egress: retyped,
      },
    ),
  ];
}

/** An action on what is given, and what comes out of it. */
function acted(name: string, kind: Kind, match: Json[], actions: Json[], before: Json[], after: Json[]): TesterCase {
  return tested(`${kind}: ${name}`, [flow(0, match, [...actions, toPort])], before, { egress: after });
}

function actionCasesOf(kind: Kind): TesterCase[] {
  const v = valuesOf(kind);
  const [bare, tagged, labelled] = [frame(kind, [], v), frame(kind, ['vlan'], v), frame(kind, ['mpls'], v)];
  const [type, mpls, pbb] = [v.eth_type!, 0x8847, 0x88e7].map((value) => [tlv('eth_type', value)]) as [
    Json[],
    Json[],
    Json[],
  ];
  const isIp = kind !== 'arp';
  const pushed = {
    ...v,
    vlan_vid: 0x1000,
    vlan_pcp: 0,
    mpls_label: 0,
    mpls_tc: 0,
    mpls_ttl: isIp ? v.ttl! : 0,
    pbb_isid: 0,
  };
  const changed = (changes: Values) => frame(kind, ['mpls'], { ...v, ...changes });
  const upper = (ethertype: number) => ({ ethertype });
  const popMpls = action('PopMpls', { ethertype: v.eth_type! });
  const cases = [
    acted('push_vlan', kind, type, [action('PushVlan', upper(0x8100))], bare, frame(kind, ['vlan'], pushed)),
    acted('pop_vlan', kind, [...type, tlv('vlan_vid', 0x1000, 0x1000)], [action('PopVlan')], tagged, bare),
    acted('push_mpls', kind, type, [action('PushMpls', upper(0x8847))], bare, frame(kind, ['mpls'], pushed)),
    acted('pop_mpls', kind, mpls, [popMpls], labelled, bare),
    acted('push_pbb', kind, type, [action('PushPbb', upper(0x88e7))], bare, frame(kind, ['pbb'], pushed)),
    acted('pop_pbb', kind, pbb, [action('PopPbb')], frame(kind, ['pbb'], v), bare),
    acted('set_mpls_ttl', kind, mpls, [action('SetMplsTtl', { mpls_ttl: 9 })], labelled, changed({ mpls_ttl: 9 })),
    acted('dec_mpls_ttl', kind, mpls, [action('DecMplsTtl')], labelled, changed({ mpls_ttl: 98 })),
    acted('output', kind, [], [], bare, bare),
  ];
  if (!isIp) return cases;
  return [
    ...cases,
    acted('copy_ttl_out', kind, mpls, [action('CopyTtlOut')], labelled, changed({ mpls_ttl: 64 })),
    acted('copy_ttl_in', kind, mpls, [action('CopyTtlIn')], labelled, changed({ ttl: 99 })),
    acted('set_nw_ttl', kind, type, [action('SetNwTtl', { nw_ttl: 9 })], bare, frame(kind, [], { ...v, ttl: 9 })),
    acted('dec_nw_ttl', kind, type, [action('DecNwTtl')], bare, frame(kind, [], { ...v, ttl: 63 })),
  ];
}

/** Every field of OpenFlow 1.3 looked for and set, on frames of all kinds. */
export function fieldCases(): TesterCase[] {
  return [
    ...Object.entries(rows).flatMap(([field, row]) => casesOf(field, row)),
    ...Object.keys(ofTables).flatMap(tableCases),
    ...plain.flatMap(ownCases),
  ];
}

/** Every other action of OpenFlow 1.3. */
export function actionCases(): TesterCase[] {
  return plain.flatMap(actionCasesOf);
}
