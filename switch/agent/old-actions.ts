import type { Action, Instruction, OfpVersion, OxmField } from '../../ofp/index.ts';
import { VLAN_PRESENT } from '../../ofp/index.ts';
import { IpProto } from '../packet/index.ts';
import { fromNicira, resubmit, toNicira, writeMetadata } from './nicira-actions.ts';
import { loadsOf, withoutLoads } from './nicira-loads.ts';

/**
 * The actions of 1.0 and 1.1 that 1.2 replaced by set-field, and what of theirs 1.0 has no action for: both ways. What
 * has no counterpart is passed on as it is, and refused where it is carried out or cannot be written.
 */

type Of<T extends Action['type']> = Extract<Action, { type: T }>;
type Upgrades = { readonly [T in Action['type']]?: (action: Of<T>, facts: Facts) => Action[] };

/** What the match says that actions of 1.0 leave open. */
interface Facts {
  readonly ipProto: number | undefined;
  readonly isTagged: boolean;
}

const set = (field: OxmField): Action[] => [{ type: 'setField', field }];

const portFields = new Map<number, readonly ['tcp_src' | 'udp_src' | 'sctp_src', 'tcp_dst' | 'udp_dst' | 'sctp_dst']>([
  [IpProto.TCP, ['tcp_src', 'tcp_dst']],
  [IpProto.UDP, ['udp_src', 'udp_dst']],
  [132, ['sctp_src', 'sctp_dst']],
]);

function setPort(action: Action & { tpPort: number }, { ipProto }: Facts, which: 0 | 1): Action[] {
  const names = portFields.get(ipProto ?? -1);
  return names ? set({ field: names[which], value: action.tpPort }) : [action];
}

const upgrades: Upgrades = {
  setDlSrc: ({ dlAddr }) => set({ field: 'eth_src', value: dlAddr }),
  setDlDst: ({ dlAddr }) => set({ field: 'eth_dst', value: dlAddr }),
  setNwSrc: ({ nwAddr }) => set({ field: 'ipv4_src', value: nwAddr }),
  setNwDst: ({ nwAddr }) => set({ field: 'ipv4_dst', value: nwAddr }),
  setNwTos: ({ nwTos }) => set({ field: 'ip_dscp', value: nwTos >> 2 }),
  setNwEcn: ({ nwEcn }) => set({ field: 'ip_ecn', value: nwEcn }),
  setTpSrc: (action, facts) => setPort(action, facts, 0),
  setTpDst: (action, facts) => setPort(action, facts, 1),
  setMplsLabel: ({ mplsLabel }) => set({ field: 'mpls_label', value: mplsLabel }),
  setMplsTc: ({ mplsTc }) => set({ field: 'mpls_tc', value: mplsTc }),
  setVlanVid: (action, { isTagged }) =>
    isTagged ? set({ field: 'vlan_vid', value: action.vlanVid | VLAN_PRESENT }) : [action],
  setVlanPcp: (action, { isTagged }) => (isTagged ? set({ field: 'vlan_pcp', value: action.vlanPcp }) : [action]),
  stripVlan: () => [{ type: 'popVlan' }],
  enqueue: ({ port, queueId }) => [
    { type: 'setQueue', queueId },
    { type: 'output', port, maxLen: 0 },
  ],
};

type Downgrade = (field: never) => Action;
const downgrade =
  <F extends OxmField>(make: (field: F) => Action): Downgrade =>
  (field) =>
    make(field as F);
type Field<N extends OxmField['field']> = Extract<OxmField, { field: N }>;

/** Set-field as an action of 1.0 and 1.1. */
const downgrades: { readonly [field: string]: Downgrade } = {
  eth_src: downgrade((f: Field<'eth_src'>) => ({ type: 'setDlSrc', dlAddr: f.value })),
  eth_dst: downgrade((f: Field<'eth_dst'>) => ({ type: 'setDlDst', dlAddr: f.value })),
  ipv4_src: downgrade((f: Field<'ipv4_src'>) => ({ type: 'setNwSrc', nwAddr: f.value })),
  ipv4_dst: downgrade((f: Field<'ipv4_dst'>) => ({ type: 'setNwDst', nwAddr: f.value })),
  ip_dscp: downgrade((f: Field<'ip_dscp'>) => ({ type: 'setNwTos', nwTos: f.value << 2 })),
  tcp_src: downgrade((f: Field<'tcp_src'>) => ({ type: 'setTpSrc', tpPort: f.value })),
  udp_src: downgrade((f: Field<'udp_src'>) => ({ type: 'setTpSrc', tpPort: f.value })),
  sctp_src: downgrade((f: Field<'sctp_src'>) => ({ type: 'setTpSrc', tpPort: f.value })),
  tcp_dst: downgrade((f: Field<'tcp_dst'>) => ({ type: 'setTpDst', tpPort: f.value })),
  udp_dst: downgrade((f: Field<'udp_dst'>) => ({ type: 'setTpDst', tpPort: f.value })),
  sctp_dst: downgrade((f: Field<'sctp_dst'>) => ({ type: 'setTpDst', tpPort: f.value })),
  vlan_vid: downgrade((f: Field<'vlan_vid'>) => ({ type: 'setVlanVid', vlanVid: f.value & 0xfff })),
  vlan_pcp: downgrade((f: Field<'vlan_pcp'>) => ({ type: 'setVlanPcp', vlanPcp: f.value })),
};

/** The last version that has the old actions. */
const lastOld = 2;

/** Actions of any version as those of 1.3. */
export function standardActions(actions: readonly Action[], match: readonly OxmField[], version: OfpVersion): Action[] {
  const modern = withoutLoads(fromNicira(actions));
  if (version > lastOld) return modern;
  const facts = factsOf(match);
  return modern.flatMap((action) => {
    const upgrade = upgrades[action.type] as ((action: Action, facts: Facts) => Action[]) | undefined;
    return upgrade ? upgrade(action, facts) : [action];
  });
}

/** Actions as `version` has them. */
export function actionsFor(actions: readonly Action[], version: OfpVersion): Action[] {
  if (version > lastOld) return [...actions];
  const old = actions.flatMap((action): Action[] => {
    if (action.type === 'popVlan' && version === 1) return [{ type: 'stripVlan' }];
    if (action.type !== 'setField') return [action];
    const make = downgrades[action.field.field];
    return make ? [make(action.field as never)] : (loadsOf(action.field) ?? [action]);
  });
  return toNicira(old, version);
}

export function standardInstructions(
  instructions: readonly Instruction[],
  match: readonly OxmField[],
  version: OfpVersion,
): Instruction[] {
  return withActions(instructions, (actions) => standardActions(actions, match, version));
}

export function instructionsFor(instructions: readonly Instruction[], version: OfpVersion): Instruction[] {
  const told = withActions(instructions, (actions) => actionsFor(actions, version));
  return version === 1 ? asActions(told) : told;
}

/** Instructions as the one list of actions that 1.0 has: what it lacks is told in Nicira's actions, or not at all. */
function asActions(instructions: readonly Instruction[]): Instruction[] {
  const actions = instructions.flatMap((each): Action[] => {
    if (each.type === 'applyActions') return each.actions;
    if (each.type === 'writeMetadata') return [writeMetadata(each.metadata, each.metadataMask)];
    if (each.type === 'gotoTable') return [resubmit(each.tableId)];
    return [];
  });
  return actions.length > 0 ? [{ type: 'applyActions', actions }] : [];
}

function withActions(
  instructions: readonly Instruction[],
  change: (actions: readonly Action[]) => Action[],
): Instruction[] {
  return instructions.map((each) =>
    each.type === 'applyActions' || each.type === 'writeActions' ? { ...each, actions: change(each.actions) } : each,
  );
}

function factsOf(match: readonly OxmField[]): Facts {
  const proto = match.find((field) => field.field === 'ip_proto');
  const vlan = match.find((field) => field.field === 'vlan_vid');
  return {
    ipProto: proto?.field === 'ip_proto' ? proto.value : undefined,
    isTagged: vlan?.field === 'vlan_vid' && vlan.value !== 0,
  };
}
