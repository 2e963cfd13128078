import type { Condition, Mutation, Operation } from './database.ts';
import { OvsError } from './errors.ts';
import { map, newRow, type Row, set, textsOf, type Value } from './values.ts';

/** What a bridge is told while a node uses it. */
export interface BridgeSettings {
  /** Where its controller is, in Open vSwitch's notation. */
  readonly controller: string;
  readonly datapathId: bigint;
}

/** In `external_ids`: the node that made or uses the row; and what a bridge was told before, which stays there until the node leaves it. */
export const ownerKey = 'ringlet';
export const beforeKey = 'ringlet-before';

const datapathIdKey = 'datapath-id';
const protocols = set(['OpenFlow10', 'OpenFlow13', 'OpenFlow14']);
/** The least that Open vSwitch takes, ms: a controller that comes back is dialled soon. */
const maxBackoffMs = 1000;
/** Of the table Controller: what the switch writes there itself. */
const statusColumns = ['_uuid', '_version', 'is_connected', 'role', 'status'];

interface Before {
  readonly failMode: Value;
  readonly protocols: Value;
  readonly datapathId: string | undefined;
  /** Rows of the table Controller, without what is as by default. */
  readonly controllers: readonly Row[];
}

const nothingBefore: Before = { failMode: set([]), protocols: set([]), datapathId: undefined, controllers: [] };

/** What `external_ids` says of the bridge as it was. `controllers`: its rows of that table, whole. */
export function remember(bridge: Row, controllers: readonly Row[]): string {
  const before: Before = {
    failMode: bridge.fail_mode ?? set([]),
    protocols: bridge.protocols ?? set([]),
    datapathId: textsOf(bridge.other_config)[datapathIdKey],
    controllers: controllers.map(configurationOf),
  };
  return JSON.stringify(before);
}

/** The row of the controller, and the columns that make a bridge the node's. */
export function takeOver({ controller }: BridgeSettings, owner: string): { operation: Operation; columns: Row } {
  const row = {
    target: controller,
    connection_mode: 'out-of-band',
    max_backoff: maxBackoffMs,
    external_ids: map({ [ownerKey]: owner }),
  };
  return {
    operation: { op: 'insert', table: 'Controller', row, 'uuid-name': 'our_controller' },
    columns: { controller: newRow('our_controller'), fail_mode: 'secure', protocols },
  };
}

/** The datapath id as `other_config` has it. */
export function datapathIdOf({ datapathId }: Pick<BridgeSettings, 'datapathId'>): Value {
  return map({ [datapathIdKey]: datapathId.toString(16).padStart(16, '0') });
}

/** What makes the datapath id that of the node. */
export function setDatapathId(settings: BridgeSettings): readonly Mutation[] {
  return [
    ['other_config', 'delete', set([datapathIdKey])],
    ['other_config', 'insert', datapathIdOf(settings)],
  ];
}

/** Makes the bridge with this row what it was before. Throws OVS_REFUSED when nobody can read any more what that was. */
export function giveBack(bridge: Row, where: readonly Condition[]): Operation[] {
  const before = beforeOf(bridge);
  const rows = before.controllers.map((row, i) => ({ row, name: `controller_${i}` }));
  const columns = {
    controller: set(rows.map(({ name }) => newRow(name))),
    fail_mode: before.failMode,
    protocols: before.protocols,
  };
  const { datapathId } = before;
  const datapath: Mutation[] =
    datapathId === undefined ? [] : [['other_config', 'insert', map({ [datapathIdKey]: datapathId })]];
  const mutations: Mutation[] = [
    ['other_config', 'delete', set([datapathIdKey])],
    ...datapath,
    ['external_ids', 'delete', set([ownerKey, beforeKey])],
  ];
  return [
    ...rows.map(({ row, name }): Operation => ({ op: 'insert', table: 'Controller', row, 'uuid-name': name })),
    { op: 'update', table: 'Bridge', where, row: columns },
    { op: 'mutate', table: 'Bridge', where, mutations },
  ];
}

/** A bridge that the node made was nothing before. */
function beforeOf(bridge: Row): Before {
  const text = textsOf(bridge.external_ids)[beforeKey];
  if (text === undefined) return nothingBefore;
  try {
    return { ...nothingBefore, ...(JSON.parse(text) as Partial<Before>) };
  } catch (cause) {
    throw new OvsError('OVS_REFUSED', `external_ids:${beforeKey} of the bridge is damaged`, { cause });
  }
}

function configurationOf(row: Row): Row {
  const isSet = ([column, value]: [string, Value]) => !statusColumns.includes(column) && !isEmpty(value);
  return Object.fromEntries(Object.entries(row).filter(isSet));
}

function isEmpty(value: Value): boolean {
  return Array.isArray(value) && Array.isArray(value[1]) && value[1].length === 0;
}
