import { BadActionCode, ErrorType } from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { MatchFacts } from '../flow/match.ts';
import { EtherType } from '../packet/index.ts';
import type { Resources } from '../resources.ts';

/** What is known of the packets that a list of actions will meet; the actions themselves change it. */
export interface ActionContext {
  /** Undefined: nothing is known (packet-out, buckets), and nothing is refused for what a packet may lack. */
  facts: MatchFacts | undefined;
  /** Output to TABLE is allowed in a packet-out only. */
  readonly isPacketOut: boolean;
  readonly resources: Resources;
}

/** Of a fact: an action uncovered something that the match said nothing about, so anything may follow. */
export const uncovered = -1;

export function isIp({ ethType }: MatchFacts): boolean {
  return ethType === EtherType.IPV4 || ethType === EtherType.IPV6 || ethType === uncovered;
}

/** Whether a prerequisite holds: the field is known to have one of the values, or may have any. */
export function meets(facts: MatchFacts, field: string, values: readonly number[]): boolean {
  if (field === 'vlan_vid') return facts.tagged === true;
  const known = field === 'eth_type' ? facts.ethType : field === 'ip_proto' ? facts.ipProto : facts.icmpv6Type;
  return known !== undefined && (known === uncovered || values.includes(known));
}

/** Refuses actions that the match does not let packets be ready for (OpenFlow 1.3 section 6.4). */
export function expectFact(context: ActionContext, holds: (facts: MatchFacts) => boolean, reason: string): void {
  if (context.facts && !holds(context.facts)) throw actionRefusal(BadActionCode.MATCH_INCONSISTENT, reason);
}

export function learn(context: ActionContext, facts: Partial<MatchFacts>): void {
  if (context.facts) context.facts = { ...context.facts, ...facts };
}

export function actionRefusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_ACTION, code, reason);
}
