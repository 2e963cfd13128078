import { BadActionCode, type OxmField } from '../../ofp/index.ts';
import { fieldBytes, isKnown, type KnownField, type MatchFacts, ruleOf } from '../flow/match.ts';
import { getKeyBytes, keyFields, type Packet, vlanPresent } from '../packet/index.ts';
import { ActionRank, type CompiledAction } from './execution.ts';
import { type ActionContext, actionRefusal, expectFact, learn, meets, uncovered } from './facts.ts';
import { fieldSetters } from './set-field.ts';

/** Set-field; with a mask as in 1.5, bits outside of it stay. Throws `OpenFlowRefusal` (BAD_ACTION). */
export function compileSetField(field: OxmField, context: ActionContext): CompiledAction {
  if (!isKnown(field) || !Object.hasOwn(fieldSetters, field.field)) {
    throw actionRefusal(BadActionCode.BAD_SET_TYPE, `no set-field of ${field.field}`);
  }
  const value = settableValue(field);
  const mask = settableMask(field, value);
  checkPrerequisites(field, context);
  noteValue(field.field, mask ? undefined : value, context);
  const set = fieldSetters[field.field]!;
  return {
    kind: `set ${field.field}`,
    rank: ActionRank.SET,
    run: ({ packet }) => set(packet, mask ? merged(packet, field.field, value, mask) : value),
  };
}

function settableValue(field: KnownField): Uint8Array {
  const { bits } = ruleOf(field);
  const value = fieldBytes(field.value, keyFields[field.field]!.bytes);
  const unused = value.length * 8 - bits;
  const isTooWide = value.some((byte, i) =>
    i < unused >> 3 ? byte : i === unused >> 3 ? byte >> (8 - (unused & 7)) : 0,
  );
  if (isTooWide) throw actionRefusal(BadActionCode.BAD_SET_ARGUMENT, `${field.field} has ${bits} bits`);
  if (field.field === 'vlan_vid' && (Number(field.value) & vlanPresent) === 0) {
    throw actionRefusal(BadActionCode.BAD_SET_ARGUMENT, 'vlan_vid without OFPVID_PRESENT');
  }
  return value;
}

/** Undefined where all bits are set. */
function settableMask(field: KnownField, value: Uint8Array): Uint8Array | undefined {
  if (field.mask === undefined) return undefined;
  if (!ruleOf(field).maskable) throw actionRefusal(BadActionCode.BAD_SET_MASK, `a mask on ${field.field}`);
  const mask = fieldBytes(field.mask, value.length);
  if (value.some((byte, i) => (byte & ~mask[i]! & 0xff) !== 0)) {
    throw actionRefusal(BadActionCode.BAD_SET_ARGUMENT, `${field.field} has bits outside its mask`);
  }
  return mask;
}

function merged(packet: Packet, name: string, value: Uint8Array, mask: Uint8Array): Uint8Array {
  packet.refresh();
  const old = getKeyBytes(packet.key, keyFields[name]!.at, value.length);
  return old.map((byte, i) => (byte & ~mask[i]!) | value[i]!);
}

function checkPrerequisites(field: KnownField, context: ActionContext): void {
  for (const [needed, values] of ruleOf(field).needs ?? []) {
    expectFact(context, (facts) => meets(facts, needed, values), `set-field of ${field.field} without its match`);
  }
  if (field.field === 'vlan_vid') {
    expectFact(context, (facts) => facts.tagged === true, 'set-field of vlan_vid without a tag');
  }
}

const factOf: { readonly [field: string]: keyof MatchFacts } = {
  eth_type: 'ethType',
  ip_proto: 'ipProto',
  icmpv6_type: 'icmpv6Type',
};

function noteValue(name: string, value: Uint8Array | undefined, context: ActionContext): void {
  const fact = factOf[name];
  if (fact) learn(context, { [fact]: value?.reduce((sum, byte) => sum * 256 + byte, 0) ?? uncovered });
}
