import { OfpTextError, type OxmField, parseMatch, parseMeter } from '../../../ofp/index.ts';
import { ControllerError } from '../errors.ts';
import type { Meter } from '../runtime/requests.ts';

export interface AclRule {
  /** The switch that it is for; undefined: all. */
  readonly datapathId: bigint | undefined;
  readonly match: readonly OxmField[];
  /** Frames end here. */
  readonly isDrop: boolean;
  /** What frames pass before they go on. */
  readonly meters: readonly number[];
  /** Ports that get a copy. */
  readonly mirrors: readonly number[];
}

export interface AclRules {
  /** The first one that matches counts; what none matches is allowed. */
  readonly rules: readonly AclRule[];
  readonly meters: readonly Meter[];
}

const maxRules = 16_384;
const switchPrefix = /^switch=([0-9a-fA-F]{1,16})\s+/;
const verdict = /^([a-z]+(?::\d+)?(?:,[a-z]+(?::\d+)?)*)(?:\s+|$)/;

/** What is wrong from one place on. */
class Fault extends Error {
  readonly at: number;

  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

/**
 * Reads an access control list: a rule a line, `#` begins a comment.
 *
 *     meter=1 kbps band=type=drop rate=1000         a meter, as ovs-ofctl add-meter takes it
 *     drop tcp,tp_dst=23                            first match counts; matches as in ovs-ofctl
 *     mirror:7 icmp                                 a copy to port 7, and allowed
 *     meter:1,mirror:7 udp,in_port=2
 *     switch=00000000000000aa allow ip,nw_src=10.0.0.0/8
 *     drop
 *
 * @throws {ControllerError} CONTROLLER_ACL with `source`, line and column.
 */
export function parseAcl(text: string, source: string): AclRules {
  const rules: AclRule[] = [];
  const meters = new Map<number, Meter>();
  const used: { readonly meter: number; readonly line: number; readonly at: number }[] = [];
  for (const [i, whole] of text.split('\n').entries()) {
    const line = whole.replace(/#.*$/, '').trimEnd();
    if (line.trim() === '') continue;
    try {
      const start = line.length - line.trimStart().length;
      if (line.startsWith('meter=', start)) addMeter(meters, line, start);
      else rules.push(readRule(line, start, (meter, at) => used.push({ meter, line: i, at })));
      if (rules.length > maxRules) throw new Fault(start, `more than ${maxRules} rules`);
    } catch (error) {
      throw located(error, source, i);
    }
  }
  for (const { meter, line, at } of used) {
    if (!meters.has(meter)) throw located(new Fault(at, `there is no line meter=${meter}`), source, line);
  }
  return { rules, meters: [...meters.values()] };
}

function addMeter(meters: Map<number, Meter>, line: string, start: number): void {
  const meter = shifted(start, () => parseMeter(line.slice(start)));
  if (meters.has(meter.meterId)) throw new Fault(start, `meter ${meter.meterId} is there twice`);
  meters.set(meter.meterId, meter);
}

function readRule(line: string, start: number, useMeter: (meter: number, at: number) => void): AclRule {
  let at = start;
  const prefix = switchPrefix.exec(line.slice(at));
  if (prefix) at += prefix[0].length;
  const words = verdict.exec(line.slice(at));
  if (!words) throw new Fault(at, 'a rule begins with allow, drop, mirror:PORT or meter:ID');
  const parts = words[1]!.split(',');
  const meters: number[] = [];
  const mirrors: number[] = [];
  let wordAt = at;
  for (const part of parts) {
    const [word, number] = part.split(':');
    const value = Number(number);
    if (word === 'meter' && number !== undefined) {
      useMeter(value, wordAt);
      meters.push(value);
    } else if (word === 'mirror' && number !== undefined) mirrors.push(value);
    else if ((word !== 'allow' && word !== 'drop') || number !== undefined || parts.length > 1) {
      throw new Fault(wordAt, `'${part}' is not one of allow, drop, mirror:PORT, meter:ID`);
    }
    wordAt += part.length + 1;
  }
  const matchAt = at + words[0].length;
  const match = shifted(matchAt, () => parseMatch(line.slice(matchAt)));
  return {
    datapathId: prefix ? BigInt(`0x${prefix[1]}`) : undefined,
    match,
    isDrop: parts[0] === 'drop',
    meters,
    mirrors,
  };
}

/** What a reader of a part finds, in columns of the line. */
function shifted<T>(start: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OfpTextError)) throw error;
    throw new Fault(start + error.position, error.message.replace(/ at character \d+$/, ''));
  }
}

function located(error: unknown, source: string, line: number): unknown {
  if (!(error instanceof Fault)) return error;
  return new ControllerError('CONTROLLER_ACL', `${source}:${line + 1}:${error.at + 1}: ${error.message}`);
}
