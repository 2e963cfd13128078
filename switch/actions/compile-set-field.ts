import { BadActionCode, type OxmField } from '../../ofp/index.ts';
import { type Field, fieldBytes, fieldOf, isFull, type KnownField } from '../flow/fields.ts';
import type { MatchFacts } from '../flow/match.ts';
import { getKeyBytes, type KeyField, type Packet } from '../packet/index.ts';
import { ActionRank, type CompiledAction } from './execution.ts';
import { type ActionContext, actionRefusal, expectFact, learn, meets, uncovered } from './facts.ts';
import { setterOf } from './set-field.ts';

/** Set-field; with a mask as in 1.5, bits outside of it stay. Throws `OpenFlowRefusal` (BAD_ACTION). */
export function compileSetField(given: OxmField, context: ActionContext): CompiledAction {
  const field = fieldOf(given.field, context.resources);
  const set = field && setterOf(field);
  if (!set || given.field === 'unknown') {
    throw actionRefusal(BadActionCode.BAD_SET_TYPE, `no set-field of ${given.field}`);
  }
  const { name, place } = field;
  const value = settableValue(given, field);
  const mask = settableMask(given, field, value);
  checkPrerequisites(field, context);
  noteValue(name, mask ? undefined : value, context);
  return {
    kind: `set ${name}`,
    rank: ActionRank.SET,
    fields: [name],
    run: ({ packet }) => set(packet, mask ? merged(packet, place, value, mask) : value),
  };
}

function settableValue(given: KnownField, field: Field): Uint8Array {
  const { name } = field;
  const { bits } = field.rule;
  const value = fieldBytes(given.value, field);
  const unused = value.length * 8 - bits;
  const isTooWide = value.some((byte, i) =>
    i < unused >> 3 ? byte : i === unused >> 3 ? byte >> (8 - (unused & 7)) : 0,
  );
  if (isTooWide) throw actionRefusal(BadActionCode.BAD_SET_ARGUMENT, `${name} has ${bits} bits`);
  return value;
}

/** Undefined where all bits are set. */
function settableMask(given: KnownField, field: Field, value: Uint8Array): Uint8Array | undefined {
  if (given.mask === undefined) return undefined;
  const mask = fieldBytes(given.mask, field);
  if (isFull(mask, field.rule.bits)) return undefined;
  if (!field.rule.maskable) throw actionRefusal(BadActionCode.BAD_SET_MASK, `a mask on ${field.name}`);
  if (value.some((byte, i) => (byte & ~mask[i]! & 0xff) !== 0)) {
    throw actionRefusal(BadActionCode.BAD_SET_ARGUMENT, `${field.name} has bits outside its mask`);
  }
  return mask;
}

function merged(packet: Packet, { at }: KeyField, value: Uint8Array, mask: Uint8Array): Uint8Array {
  packet.refresh();
  const old = getKeyBytes(packet.key, at, value.length);
  return old.map((byte, i) => (byte & ~mask[i]!) | value[i]!);
}

function checkPrerequisites({ name, rule }: Field, context: ActionContext): void {
  for (const [needed, values] of rule.needs ?? []) {
    expectFact(context, (facts) => meets(facts, needed, values), `set-field of ${name} without its match`);
  }
  if (name === 'vlan_vid') {
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
