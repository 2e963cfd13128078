/** Questions to a switch, and what their answers hold. */
import {
  type Message,
  MeterModCommand,
  MeterNo,
  type OfpVersion,
  type Outgoing,
  type RequestOutcome,
} from '../../../ofp/index.ts';
import { cookieMask, cookieOf, isOurs } from './cookies.ts';
import { type Rule, ruleOf } from './rule.ts';
import { readPort, type SwitchPort } from './switch.ts';

/** Where flow statistics became flow descriptions. */
const version15 = 6;

export const askPorts: Outgoing = { type: 'multipartRequest', multipart: 'portDesc', body: {} };

/** Asks for the rules with cookies of ours, or for all of them; 1.0 lists all in any case. */
export function askRules(version: OfpVersion, areAllWanted: boolean): Outgoing {
  const body = areAllWanted ? {} : { cookie: cookieOf(0), cookieMask };
  return version >= version15
    ? { type: 'multipartRequest', multipart: 'flowDesc', body }
    : { type: 'multipartRequest', multipart: 'flow', body: version === 1 ? {} : body };
}

export function portsIn(outcome: RequestOutcome): SwitchPort[] | undefined {
  const reply = outcome.kind === 'reply' ? outcome.message : undefined;
  if (reply?.type !== 'multipartReply' || reply.multipart !== 'portDesc') return undefined;
  return reply.body.map(readPort).filter((port) => port !== undefined);
}

/** Those with cookies of ours, or all of them. */
export function rulesIn(outcome: RequestOutcome, areAllWanted: boolean): Rule[] | undefined {
  const reply = outcome.kind === 'reply' ? outcome.message : undefined;
  if (reply?.type !== 'multipartReply') return undefined;
  if (reply.multipart !== 'flow' && reply.multipart !== 'flowDesc') return undefined;
  const rules: Rule[] = [];
  for (const entry of reply.body) if (areAllWanted || isOurs(entry.cookie)) rules.push(ruleOf(entry));
  return rules;
}

export const askMeters: Outgoing = {
  type: 'multipartRequest',
  multipart: 'meterConfig',
  body: { meterId: MeterNo.ALL },
};

export type Meter = Pick<Message<'meterMod'>, 'meterId' | 'flags' | 'bands'>;

/** What makes a switch hold `wanted`, whatever other meters it has. Undefined: it does not say which it has. */
export function meterChanges(wanted: readonly Meter[], outcome: RequestOutcome): Outgoing[] | undefined {
  const reply = outcome.kind === 'reply' ? outcome.message : undefined;
  if (reply?.type !== 'multipartReply' || reply.multipart !== 'meterConfig') return undefined;
  const held = new Map(reply.body.map((meter) => [meter.meterId, meter]));
  return wanted.flatMap(({ meterId, flags, bands }): Outgoing[] => {
    const same = held.get(meterId);
    if (same?.flags === flags && JSON.stringify(same.bands) === JSON.stringify(bands)) return [];
    const command = same === undefined ? MeterModCommand.ADD : MeterModCommand.MODIFY;
    return [{ type: 'meterMod', command, meterId, flags, bands }];
  });
}
