import { type Action, BadActionCode, ErrorType, type OxmField, PortNo } from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { fieldBytes, isKnown, type MatchFacts, ruleOf } from '../flow/match.ts';
import { EtherType, isVlanType, keyFields } from '../packet/index.ts';
import { ActionRank, type CompiledAction } from './execution.ts';
import { fieldSetters } from './set-field.ts';
import { decNwTtl, setNwTtl } from './ttl.ts';
import { popVlan, pushVlan } from './vlan.ts';

/** What is known of the packets that a list of actions will meet; the actions themselves change it. */
export interface ActionContext {
  /** Undefined: nothing is known (packet-out), and nothing is refused for what a packet may lack. */
  facts: MatchFacts | undefined;
  /** Output to TABLE is allowed in a packet-out only. */
  readonly isPacketOut: boolean;
}

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;
type Compilers = { readonly [T in Action['type']]?: (action: ActionOf<T>, context: ActionContext) => CompiledAction };

/** The highest number that an ordinary port can have here: Open vSwitch's tools refuse others. */
const maxPort = 0xfeff;
const reservedOutputs: ReadonlySet<number> = new Set([
  PortNo.IN_PORT,
  PortNo.NORMAL,
  PortNo.FLOOD,
  PortNo.ALL,
  PortNo.CONTROLLER,
  PortNo.LOCAL,
]);

const compilers: Compilers = {
  output: ({ port, maxLen }, { isPacketOut }) => {
    const isKnown = (port > 0 && port <= maxPort) || reservedOutputs.has(port);
    if (!isKnown && !(isPacketOut && port === PortNo.TABLE)) {
      throw refusal(BadActionCode.BAD_OUT_PORT, `no output to port ${port}`);
    }
    return {
      kind: 'output',
      rank: ActionRank.OUTPUT,
      outPort: port,
      run: (execution) => execution.output(port, maxLen),
    };
  },
  setField: ({ field }, context) => {
    const value = settableValue(field, context);
    const set = fieldSetters[field.field]!;
    return { kind: `set ${field.field}`, rank: ActionRank.SET, run: ({ packet }) => set(packet, value) };
  },
  pushVlan: ({ ethertype }, context) => {
    if (!isVlanType(ethertype)) throw refusal(BadActionCode.BAD_ARGUMENT, `push_vlan of type ${ethertype}`);
    if (context.facts) context.facts = { ...context.facts, tagged: true };
    return { kind: 'pushVlan', rank: ActionRank.PUSH_VLAN, run: ({ packet }) => pushVlan(packet, ethertype) };
  },
  popVlan: (_action, context) => {
    expectFact(context, (facts) => facts.tagged === true, 'pop_vlan of frames that may have no tag');
    // What is below the tag is another tag, or none.
    if (context.facts) context.facts = { ...context.facts, tagged: undefined };
    return { kind: 'popVlan', rank: ActionRank.POP, run: ({ packet }) => popVlan(packet) };
  },
  setNwTtl: ({ nwTtl }, context) => {
    expectFact(context, isIp, 'set_nw_ttl of what may not be IP');
    return { kind: 'setNwTtl', rank: ActionRank.SET, run: ({ packet }) => setNwTtl(packet, nwTtl) };
  },
  decNwTtl: (_action, context) => {
    expectFact(context, isIp, 'dec_nw_ttl of what may not be IP');
    return { kind: 'decNwTtl', rank: ActionRank.DEC_TTL, run: decNwTtl };
  },
  group: ({ groupId }) => {
    throw refusal(BadActionCode.BAD_OUT_GROUP, `no group ${groupId}`);
  },
  setQueue: ({ queueId }) => {
    throw refusal(BadActionCode.BAD_QUEUE, `no queue ${queueId}`);
  },
  experimenter: ({ experimenter }) => {
    throw refusal(BadActionCode.BAD_EXPERIMENTER, `no actions of experimenter ${experimenter}`);
  },
};

/** Names of the actions that are not refused whatever their arguments; table features list them. */
export const supportedActions = ['output', 'pushVlan', 'popVlan', 'setNwTtl', 'decNwTtl', 'setField'] as const;

/** Throws `OpenFlowRefusal` (BAD_ACTION) where an action is unknown, makes no sense or does not fit the match. */
export function compileActions(actions: readonly Action[], context: ActionContext): CompiledAction[] {
  return actions.map((action) => compileAction(action, context));
}

function compileAction<T extends Action['type']>(action: ActionOf<T>, context: ActionContext): CompiledAction {
  const compile = compilers[action.type as T] as
    | ((action: ActionOf<T>, context: ActionContext) => CompiledAction)
    | undefined;
  if (!compile) throw refusal(BadActionCode.BAD_TYPE, `no action ${action.type}`);
  return compile(action, context);
}

function settableValue(field: OxmField, context: ActionContext): Uint8Array {
  if (!isKnown(field) || !Object.hasOwn(fieldSetters, field.field)) {
    throw refusal(BadActionCode.BAD_SET_TYPE, `no set-field of ${field.field}`);
  }
  const rule = ruleOf(field);
  const place = keyFields[field.field]!;
  if (field.mask !== undefined) throw refusal(BadActionCode.BAD_SET_ARGUMENT, 'set-field with a mask');
  const value = fieldBytes(field.value, place.bytes);
  const unused = value.length * 8 - rule.bits;
  if (value[0]! >> (8 - unused) !== 0)
    throw refusal(BadActionCode.BAD_SET_ARGUMENT, `${field.field} has ${rule.bits} bits`);
  for (const [needed, values] of rule.needs ?? []) {
    expectFact(context, (facts) => meets(facts, needed, values), `set-field of ${field.field} without its match`);
  }
  if (field.field === 'vlan_vid')
    expectFact(context, (facts) => facts.tagged === true, 'set-field of vlan_vid without a tag');
  return value;
}

function meets(facts: MatchFacts, field: string, values: readonly number[]): boolean {
  if (field === 'vlan_vid') return facts.tagged === true;
  const known = field === 'eth_type' ? facts.ethType : facts.ipProto;
  return known !== undefined && values.includes(known);
}

function isIp(facts: MatchFacts): boolean {
  return facts.ethType === EtherType.IPV4 || facts.ethType === EtherType.IPV6;
}

function expectFact(context: ActionContext, holds: (facts: MatchFacts) => boolean, reason: string): void {
  if (context.facts && !holds(context.facts)) throw refusal(BadActionCode.MATCH_INCONSISTENT, reason);
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_ACTION, code, reason);
}
