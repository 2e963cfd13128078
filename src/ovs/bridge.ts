import type { Clock } from '../lib/clock.ts';
import type { Condition, Database, Operation } from './database.ts';
import { OvsError } from './errors.ts';
import type { Columns } from './replica.ts';
import { atomsOf, map, newRow, type Row, set, textsOf, uuid, uuidsOf } from './values.ts';

/** What `OvsBridge` needs to see of the database Open_vSwitch (ovs-vswitchd.conf.db(5)). */
export const bridgeColumns: Columns = {
  Open_vSwitch: ['bridges', 'next_cfg', 'cur_cfg', 'datapath_types'],
  Bridge: ['name', 'ports', 'external_ids'],
  Port: ['name', 'interfaces', 'external_ids'],
  Interface: ['name', 'ofport', 'error'],
};

export interface OvsBridgeOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** The bridge's name. */
  readonly name: string;
  /** The node that uses it: what it makes is marked with this. */
  readonly owner: string;
}

export interface OvsPort {
  readonly name: string;
  /** OpenFlow port number. */
  readonly no: number;
}

/** In `external_ids`: the node that made the row. */
const ownerKey = 'ringlet';
/** The kernel's, where there is one, or that of user space. */
const datapaths = ['system', 'netdev'];
const actionMs = 10_000;

/**
 * An Open vSwitch bridge that a node uses: made, or adopted if it is there. Ports are added to it and taken away; in the end,
 * just what was made is undone. What an earlier run of the same node left behind is undone first.
 */
export class OvsBridge {
  readonly #options: OvsBridgeOptions;
  readonly #waiting = new Set<() => void>();

  constructor(options: OvsBridgeOptions) {
    this.#options = options;
  }

  /** To be called whenever the database changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Rejects with OVS_REFUSED and OVS_TIMEOUT when the switch does not follow. */
  async open(): Promise<void> {
    const { owner, name, database } = this.#options;
    const bridge = this.#find();
    if (bridge !== undefined) {
      const left = this.#ourPorts(bridge.row);
      if (left.length > 0) await this.#act([dropPorts(bridge.id, left)]);
      return;
    }
    const [root] = database.replica.rows('Open_vSwitch');
    if (root === undefined) throw new OvsError('OVS_REFUSED', 'the database has no Open vSwitch in it');
    const [rootId, { datapath_types: types }] = root;
    await this.#act([
      { op: 'insert', table: 'Interface', row: { name, type: 'internal' }, 'uuid-name': 'local_interface' },
      { op: 'insert', table: 'Port', row: { name, interfaces: newRow('local_interface') }, 'uuid-name': 'local_port' },
      {
        ...{ op: 'insert', table: 'Bridge', 'uuid-name': 'bridge' },
        row: {
          ...{ name, ports: newRow('local_port'), external_ids: ownedBy(owner) },
          datapath_type: datapaths.find((type) => atomsOf(types).includes(type)) ?? '',
        },
      },
      {
        op: 'mutate',
        table: 'Open_vSwitch',
        where: byId(rootId),
        mutations: [['bridges', 'insert', newRow('bridge')]],
      },
    ]);
  }

  /**
   * Resolves once the switch has it. Rejects with OVS_TAKEN for a name that the switch has already and for a bridge that
   * another node has a port on, OVS_REFUSED when the switch cannot open the interface.
   */
  async addPort(name: string): Promise<OvsPort> {
    const { owner } = this.#options;
    const { replica } = this.#options.database;
    const bridge = this.#find();
    if (bridge === undefined) throw new OvsError('OVS_REFUSED', `bridge ${this.#options.name} is gone`);
    if (replica.find('Port', (row) => row.name === name)) {
      throw new OvsError('OVS_TAKEN', `the switch has a port ${name} already`);
    }
    this.#expectNoOther(bridge.row);
    await this.#act([
      { op: 'insert', table: 'Interface', row: { name }, 'uuid-name': 'new_interface' },
      {
        ...{ op: 'insert', table: 'Port', 'uuid-name': 'new_port' },
        row: { name, interfaces: newRow('new_interface'), external_ids: ownedBy(owner) },
      },
      { op: 'mutate', table: 'Bridge', where: byId(bridge.id), mutations: [['ports', 'insert', newRow('new_port')]] },
    ]);
    const row = replica.find('Interface', (found) => found.name === name)?.row;
    const [no] = atomsOf(row?.ofport);
    if (typeof no === 'number' && no > 0) return { name, no };
    const ours = this.#ourPorts(this.#find()?.row ?? {}).filter((port) => port.row.name === name);
    await this.#act([dropPorts(bridge.id, ours)]);
    const [problem = 'it gives no reason'] = atomsOf(row?.error);
    throw new OvsError('OVS_REFUSED', `the switch cannot open ${name}: ${String(problem)}`);
  }

  /** Whether the bridge has a port of this name. */
  hasPort(name: string): boolean {
    const bridge = this.#find();
    return bridge !== undefined && this.#portsOf(bridge.row).some(({ row }) => row.name === name);
  }

  /** Undoes what this node made, and nothing else: a bridge that it made stays, too, while others have ports on it. */
  async close(): Promise<void> {
    const { database, owner } = this.#options;
    const bridge = this.#find();
    if (bridge === undefined) return;
    const ours = this.#ourPorts(bridge.row);
    const others = uuidsOf(bridge.row.ports).length - ours.length - 1;
    if (ownerOf(bridge.row) !== owner || others > 0) {
      if (ours.length > 0) await this.#act([dropPorts(bridge.id, ours)]);
      return;
    }
    const [root] = database.replica.rows('Open_vSwitch').keys();
    const mutations = [['bridges', 'delete', set([uuid(bridge.id)])]] as const;
    await this.#act([{ op: 'mutate', table: 'Open_vSwitch', where: byId(root!), mutations }]);
  }

  #find() {
    return this.#options.database.replica.find('Bridge', (row) => row.name === this.#options.name);
  }

  /** Two ways into overlays on one bridge may make a loop. */
  #expectNoOther(bridge: Row): void {
    const { owner, name } = this.#options;
    const other = this.#portsOf(bridge)
      .map(({ row }) => ownerOf(row))
      .find((user) => user !== undefined && user !== owner);
    if (other === undefined) return;
    throw new OvsError(
      'OVS_TAKEN',
      `node ${other} has a port on bridge ${name} already, and a second would make a loop`,
    );
  }

  #ourPorts(bridge: Row) {
    return this.#portsOf(bridge).filter(({ row }) => ownerOf(row) === this.#options.owner);
  }

  #portsOf(bridge: Row): { readonly id: string; readonly row: Row }[] {
    const ports = this.#options.database.replica.rows('Port');
    return uuidsOf(bridge.ports).flatMap((id) => {
      const row = ports.get(id);
      return row === undefined ? [] : [{ id, row }];
    });
  }

  /** Makes changes and waits until the switch follows, as ovs-vsctl does: it sets `cur_cfg` to the `next_cfg` that it acted on. */
  async #act(operations: readonly Operation[]): Promise<void> {
    const { database } = this.#options;
    const [root] = database.replica.rows('Open_vSwitch').keys();
    if (root === undefined) throw new OvsError('OVS_LOST', 'no connection to the database');
    const results = await database.transact([
      ...operations,
      { op: 'mutate', table: 'Open_vSwitch', where: byId(root), mutations: [['next_cfg', '+=', 1]] },
      { op: 'select', table: 'Open_vSwitch', where: byId(root), columns: ['next_cfg'] },
    ]);
    const wanted = Number(results.at(-1)?.rows?.[0]?.next_cfg);
    await this.#until(() => Number(database.replica.rows('Open_vSwitch').get(root)?.cur_cfg) >= wanted);
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        timer.cancel();
        this.#waiting.delete(look);
        settle();
      };
      const look = () => {
        if (isSo()) end(resolve);
      };
      const timer = this.#options.clock.after(actionMs, () =>
        end(() => {
          const reason = `ovs-vswitchd did not follow within ${actionMs / 1000} s: is it running?`;
          reject(new OvsError('OVS_TIMEOUT', reason));
        }),
      );
      this.#waiting.add(look);
    });
  }
}

function ownerOf(row: Row): string | undefined {
  return textsOf(row.external_ids)[ownerKey];
}

function ownedBy(owner: string) {
  return map({ [ownerKey]: owner });
}

function byId(id: string): readonly Condition[] {
  return [['_uuid', '==', uuid(id)]];
}

function dropPorts(bridgeId: string, ports: readonly { readonly id: string }[]): Operation {
  const mutations = [['ports', 'delete', set(ports.map(({ id }) => uuid(id)))]] as const;
  return { op: 'mutate', table: 'Bridge', where: byId(bridgeId), mutations };
}
