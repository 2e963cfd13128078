/**
 * The pipeline of an overlay (../pipeline.ts) on an Open vSwitch, where nothing but the frame itself says where it comes from and
 * where it goes. Labels say it (labelled-frame.ts), and tables before and behind the others read them:
 *
 *     0     ports    frames from leaf ports to 2; frames from links and floods to 1
 *     1     labels   the tag's switch -> `metadata`, on to 2; the destination of a frame in transit -> `tunnel_id`, one hop less, on to 8
 *     2-7   those of ../pipeline.ts, where what is given a `tunnel_id` is given its switch's tag, too
 *     8     transit  as table 6, for frames in transit
 */
import type { Action, Instruction, OxmField } from '../../../ofp/index.ts';
import { EtherType } from '../../../switch/packet/index.ts';
import { apply, ethType, fieldOf, goto, inPort, Table, toSwitch, untagged } from '../pipeline.ts';
import { cookieOf, markOf } from '../runtime/cookies.ts';
import type { Rule } from '../runtime/rule.ts';
import { tagTypes } from './labelled-frame.ts';

const [ports, labels] = [0, 1];
/** First of the tables of the overlay. */
export const tableShift = 2;
const transit = tableShift + Object.keys(Table).length;
export const tableCount: number = transit + 1;

const priority = 100;
/** In VLAN ids of OpenFlow: there is a tag. */
const tagPresent = 0x1000;
const isTagged: OxmField = { field: 'vlan_vid', value: tagPresent, mask: tagPresent };
const wholeMetadata = 0xffff_ffff_ffff_ffffn;

export type PortKind = 'leaf' | 'link' | 'flood';

export interface LabelContext {
  /** `owner` of the app whose rules they are. */
  readonly owner: number;
  readonly isLink: (port: number) => boolean;
  readonly label: (switchId: bigint) => number;
}

/**
 * Cookies have room for the first 40 bits of a switch's id, which is how people know a node. Names, which are small numbers, stay
 * as they are.
 */
export function markedCookie(owner: number, cookie: bigint): bigint {
  const isName = cookie < 1n << 24n;
  return cookieOf(owner, isName ? cookie : cookie >> 24n);
}

/** The name in a cookie. */
export const nameIn = (cookie: bigint): bigint => markOf(cookie);

/** Where frames of a port go. What comes in from a link without transit labels is for this switch. */
export function portRule(owner: number, port: number, kind: PortKind, self: bigint): Rule {
  const instructions: Record<PortKind, Instruction[]> = {
    leaf: [goto(tableShift)],
    flood: [goto(labels)],
    link: [apply(toSwitch(self)), goto(labels)],
  };
  return { table: ports, cookie: cookieOf(owner), priority, match: [inPort(port)], instructions: instructions[kind] };
}

/** What the label of a switch says: where a frame entered the overlay, or where it leaves it. */
export function labelRules(owner: number, switchId: bigint, label: number): Rule[] {
  const base = { table: labels, cookie: markedCookie(owner, switchId), priority };
  const labelled: readonly OxmField[] = [untagged, ethType(EtherType.MPLS), { field: 'mpls_label', value: label }];
  const entered: Instruction = { type: 'writeMetadata', metadata: switchId, metadataMask: wholeMetadata };
  return [
    {
      ...base,
      match: [{ field: 'vlan_vid', value: tagPresent | label }],
      instructions: [apply({ type: 'popVlan' }), entered, goto(tableShift)],
    },
    ...tagTypes.map(
      (ethertype, i): Rule => ({
        ...base,
        match: [...labelled, { field: 'mpls_tc', value: i }, { field: 'mpls_bos', value: 1 }],
        instructions: [apply({ type: 'popMpls', ethertype }), entered, goto(tableShift)],
      }),
    ),
    {
      ...base,
      match: [...labelled, { field: 'mpls_bos', value: 0 }],
      instructions: [apply({ type: 'decMplsTtl' }, toSwitch(switchId)), goto(transit)],
    },
  ];
}

/** What a rule of the overlay's pipeline is on an Open vSwitch: one rule or, for the way to a next hop, one for either kind of label. */
export function rulesOf(rule: Rule, context: LabelContext): Rule[] {
  const base = { ...rule, cookie: markedCookie(context.owner, rule.cookie), table: rule.table + tableShift };
  if (rule.table !== Table.transit) {
    return [{ ...base, instructions: rule.instructions.map((instruction) => shifted(instruction, context)) }];
  }
  const mark = fieldOf(rule.match, 'pkt_mark') ?? 0;
  const match = rule.match.filter(({ field }) => field !== 'pkt_mark');
  const marked = (field: 'vlan_pcp' | 'mpls_tc') =>
    rule.instructions.map((instruction) => withMark(instruction, (value) => ({ field, value })));
  const labelled: readonly OxmField[] = [untagged, ethType(EtherType.MPLS), { field: 'mpls_tc', value: mark }];
  return [
    { ...base, table: transit, match: [...match, ...labelled], instructions: marked('mpls_tc') },
    // What enters the overlay here is on no detour yet.
    ...(mark === 0 ? [{ ...base, match: [...match, isTagged], instructions: marked('vlan_pcp') }] : []),
  ];
}

function shifted(instruction: Instruction, context: LabelContext): Instruction {
  if (instruction.type === 'gotoTable') return goto(instruction.tableId + tableShift);
  if (instruction.type === 'applyActions') return apply(...labelledActions(instruction.actions, context));
  return instruction;
}

/** Actions in which a frame that is given a `tunnel_id` has the tag of that switch, but at ports other than links. */
export function labelledActions(actions: readonly Action[], { isLink, label }: LabelContext): Action[] {
  let hasTag = false;
  return actions.flatMap((action): Action[] => {
    if (action.type === 'setField' && action.field.field === 'tunnel_id') {
      const push = hasTag ? [] : [{ type: 'pushVlan', ethertype: EtherType.VLAN } as const];
      hasTag = true;
      const fields: OxmField[] = [
        { field: 'vlan_vid', value: tagPresent | label(action.field.value as bigint) },
        { field: 'vlan_pcp', value: 0 },
      ];
      return [action, ...push, ...fields.map((field): Action => ({ type: 'setField', field }))];
    }
    if (!hasTag || action.type !== 'output' || isLink(action.port)) return [action];
    hasTag = false;
    return [{ type: 'popVlan' }, action];
  });
}

/** An instruction in which the mark is where the labels have it. */
function withMark(instruction: Instruction, fieldOfMark: (mark: number) => OxmField): Instruction {
  if (instruction.type !== 'applyActions') return instruction;
  const actions = instruction.actions.map((action): Action => {
    if (action.type !== 'setField' || action.field.field !== 'pkt_mark') return action;
    return { type: 'setField', field: fieldOfMark(action.field.value as number) };
  });
  return apply(...actions);
}
