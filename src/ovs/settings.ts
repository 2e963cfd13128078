import type { Condition, Operation } from './database.ts';
import { atomsOf, map, newRow, type Row, set, textsOf, type Value } from './values.ts';

/** What a bridge is told to be, while a node uses it. */
export interface BridgeSettings {
  /** Where its controller is, in Open vSwitch's notation. */
  readonly controller: string;
  readonly failMode: 'secure' | 'standalone';
  /** Such as `OpenFlow13`. */
  readonly protocols: readonly string[];
  readonly datapathId: bigint;
}

/** A bridge as it was, so that it can be made so again; kept in its `external_ids`, as a crash must not lose it. */
interface Before {
  readonly controllers: readonly Row[];
  readonly failMode: Value;
  readonly protocols: Value;
  readonly otherConfig: Readonly<Record<string, string>>;
}

/** Columns of a controller that say how it goes, not what it is. */
const volatile = new Set(['_uuid', '_version', 'is_connected', 'role', 'status']);

const keys = { owner: 'ringlet', before: 'ringlet-before' };

/** The node that uses a row, if one does. */
export function ownerOf(row: Row): string | undefined {
  return textsOf(row.external_ids)[keys.owner];
}

/** What marks a row as this node's. */
export function ownedBy(owner: string, more: Readonly<Record<string, string>> = {}): Value {
  return map({ [keys.owner]: owner, ...more });
}

/** The columns of a bridge that settings are. The rows of its controllers are to be inserted in the same transaction. */
export function settingsRow(settings: BridgeSettings): Row {
  return {
    controller: newRow('ringlet_controller'),
    fail_mode: settings.failMode,
    protocols: set(settings.protocols),
  };
}

export function controllerInsert(owner: string, settings: BridgeSettings): Operation {
  const row = {
    target: settings.controller,
    connection_mode: 'out-of-band',
    // As often as a lost link is noticed, so that a dead node is not waited for.
    max_backoff: 1000,
    external_ids: ownedBy(owner),
  };
  return { op: 'insert', table: 'Controller', row, 'uuid-name': 'ringlet_controller' };
}

export function otherConfig({ datapathId }: BridgeSettings): Readonly<Record<string, string>> {
  return { 'datapath-id': datapathId.toString(16).padStart(16, '0'), 'disable-in-band': 'true' };
}

/** Notes how an adopted bridge was. `controllers`: its rows of that table, whole. */
export function noteBefore(bridge: Row, controllers: readonly Row[], ours: Readonly<Record<string, string>>): Value {
  const earlier = textsOf(bridge.other_config);
  const before: Before = {
    controllers: controllers.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([column, value]) => !volatile.has(column) && !isEmpty(value))),
    ),
    failMode: bridge.fail_mode ?? set([]),
    protocols: bridge.protocols ?? set([]),
    otherConfig: Object.fromEntries(Object.entries(earlier).filter(([key]) => key in ours)),
  };
  return map({ [keys.before]: JSON.stringify(before) });
}

/** Makes an adopted bridge what it was. */
export function restore(bridge: Row, where: readonly Condition[], ours: readonly string[]): Operation[] {
  const text = textsOf(bridge.external_ids)[keys.before];
  if (text === undefined) return [];
  const before = JSON.parse(text) as Before;
  const names = before.controllers.map((_, i) => `before_${i}`);
  return [
    ...before.controllers.map(
      (row, i): Operation => ({ op: 'insert', table: 'Controller', row, 'uuid-name': names[i]! }),
    ),
    {
      ...{ op: 'update', table: 'Bridge', where },
      row: { controller: set(names.map(newRow)), fail_mode: before.failMode, protocols: before.protocols },
    },
    {
      ...{ op: 'mutate', table: 'Bridge', where },
      mutations: [
        ['other_config', 'delete', set(ours)],
        ['other_config', 'insert', map(before.otherConfig)],
        ['external_ids', 'delete', set(Object.values(keys))],
      ],
    },
  ];
}

/** Whether the bridge was there before the node. */
export function isAdopted(bridge: Row): boolean {
  return keys.before in textsOf(bridge.external_ids);
}

function isEmpty(value: Value): boolean {
  if (Array.isArray(value) && value[0] === 'map') return Object.keys(textsOf(value)).length === 0;
  return atomsOf(value).length === 0;
}
