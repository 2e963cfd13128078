/**
 * Rules of the first table: which ports frames come in by.
 *
 *     65000  probes                            to the controller
 *     64000  01:80:c2:00:00:00 to 0f           dropped: they are for the next bridge, and never go further (IEEE 802.1Q 8.6.3)
 *        10  from a port that forwards,        on to the next table
 *            or from the controller
 *
 * A switch with a single table drops what comes in by a port that does not forward, and the controller hears of what no rule is for.
 */
import { type Action, type Instruction, type OxmField, PortNo } from '../../../ofp/index.ts';
import type { Rule } from '../runtime/rule.ts';
import { probeEtherType, probeLength } from './probe.ts';

const priorities = { probe: 65_000, reserved: 64_000, closed: 60_000, open: 10, miss: 0 } as const;
const reservedGroups = 16;
const reserved = (last: number) => Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, last);
const reservedMask = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xf0);
const wholeFrame = 0xffff;

const toController = (maxLen: number): Instruction[] => {
  const action: Action = { type: 'output', port: PortNo.CONTROLLER, maxLen };
  return [{ type: 'applyActions', actions: [action] }];
};

export interface GateRules {
  readonly cookie: bigint;
  readonly table: number;
  readonly next: number;
}

/** Those that are there whatever the ports are. */
export function fixedRules(gate: GateRules, isStaged: boolean): Rule[] {
  const { cookie, table } = gate;
  const probe: Rule = {
    ...{ cookie, table, priority: priorities.probe },
    match: [{ field: 'eth_type', value: probeEtherType }],
    instructions: toController(probeLength),
  };
  const drop = (match: OxmField): Rule => ({
    ...{ cookie, table, priority: priorities.reserved },
    match: [match],
    instructions: [],
  });
  if (isStaged) {
    const reservedAll = drop({ field: 'eth_dst', value: reserved(0), mask: reservedMask });
    return [probe, reservedAll, openRule(gate, PortNo.CONTROLLER)];
  }
  const drops = Array.from({ length: reservedGroups }, (_, i) => drop({ field: 'eth_dst', value: reserved(i) }));
  const miss: Rule = { cookie, table, priority: priorities.miss, match: [], instructions: toController(wholeFrame) };
  return [probe, ...drops, miss];
}

/** Lets frames in by a port of a switch with stages. */
export function openRule({ cookie, table, next }: GateRules, port: number): Rule {
  return {
    ...{ cookie, table, priority: priorities.open },
    match: [{ field: 'in_port', value: port }],
    instructions: [{ type: 'gotoTable', tableId: next }],
  };
}

/** Keeps frames out of a switch with a single table. */
export function closedRule({ cookie, table }: GateRules, port: number): Rule {
  return {
    ...{ cookie, table, priority: priorities.closed },
    match: [{ field: 'in_port', value: port }],
    instructions: [],
  };
}

/** The port that a rule lets in, if that is what it does. */
export function openedPort({ priority, match }: Rule): number | undefined {
  const [field] = match;
  return priority === priorities.open && field?.field === 'in_port' ? field.value : undefined;
}
