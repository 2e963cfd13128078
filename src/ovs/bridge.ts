import type { Clock } from '../lib/clock.ts';
import type { Condition, Database, Operation } from './database.ts';
import { OvsError } from './errors.ts';
import type { Columns } from './replica.ts';
import {
  type BridgeSettings,
  controllerInsert,
  isAdopted,
  noteBefore,
  otherConfig,
  ownedBy,
  ownerOf,
  restore,
  settingsRow,
} from './settings.ts';
import { atomsOf, map, newRow, type Row, set, uuid, uuidsOf } from './values.ts';

/** What `OvsBridge` needs to see of the database Open_vSwitch (ovs-vswitchd.conf.db(5)). */
export const bridgeColumns: Columns = {
  Open_vSwitch: ['bridges', 'next_cfg', 'cur_cfg'],
  Bridge: ['name', 'ports', 'controller', 'fail_mode', 'protocols', 'other_config', 'external_ids'],
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
  readonly settings: BridgeSettings;
  /** Of a bridge that is to be made: `system` (the kernel's) or `netdev` (user space). */
  readonly datapathType: 'system' | 'netdev' | 'dummy';
}

export interface OvsPort {
  readonly name: string;
  /** OpenFlow port number. */
  readonly no: number;
}

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

  /** Whether it is there, and this node's. */
  get isOurs(): boolean {
    const { owner } = this.#options;
    const bridge = this.#find();
    return bridge !== undefined && ownerOf(bridge.row) === owner;
  }

  /** To be called whenever the database changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Rejects with OVS_TAKEN when another node uses the bridge, OVS_REFUSED and OVS_TIMEOUT when the switch does not follow. */
  async open(): Promise<void> {
    const { owner, name } = this.#options;
    const bridge = this.#find();
    const user = bridge && ownerOf(bridge.row);
    if (user !== undefined && user !== owner) {
      throw new OvsError('OVS_TAKEN', `bridge ${name} is used by node ${user}: stop that first, or choose another`);
    }
    if (user !== undefined) await this.close();
    await this.#act(await this.#opening());
  }

  /**
   * Resolves once the switch has it. Rejects with OVS_TAKEN for a name that the switch has already, OVS_REFUSED when it cannot
   * open the interface.
   */
  async addPort(name: string, about: Readonly<Record<string, string>> = {}): Promise<OvsPort> {
    const { owner } = this.#options;
    const { replica } = this.#options.database;
    const bridge = this.#bridge();
    if (replica.find('Port', (row) => row.name === name)) {
      throw new OvsError('OVS_TAKEN', `the switch has a port ${name} already`);
    }
    await this.#act([
      { op: 'insert', table: 'Interface', row: { name }, 'uuid-name': 'new_interface' },
      {
        ...{ op: 'insert', table: 'Port', 'uuid-name': 'new_port' },
        row: { name, interfaces: newRow('new_interface'), external_ids: ownedBy(owner, about) },
      },
      {
        ...{ op: 'mutate', table: 'Bridge', where: byId(bridge.id) },
        mutations: [['ports', 'insert', newRow('new_port')]],
      },
    ]);
    const row = replica.find('Interface', (found) => found.name === name)?.row;
    const [no] = atomsOf(row?.ofport);
    if (typeof no === 'number' && no > 0) return { name, no };
    await this.removePort(name);
    const [problem = 'no reason given'] = atomsOf(row?.error);
    throw new OvsError('OVS_REFUSED', `the switch cannot open ${name}: ${String(problem)}`);
  }

  /** A port that is gone already, or was never this node's, is nothing to do. */
  async removePort(name: string): Promise<void> {
    const bridge = this.#bridge();
    const ids = this.#ourPorts(bridge.row).filter(({ row }) => row.name === name);
    if (ids.length > 0) await this.#act([dropPorts(bridge.id, ids)]);
  }

  /** Undoes what this node made, and nothing else. A bridge that is gone is nothing to do. */
  async close(): Promise<void> {
    const { database, settings } = this.#options;
    const bridge = this.#find();
    if (bridge === undefined || !this.isOurs) return;
    if (isAdopted(bridge.row)) {
      const where = byId(bridge.id);
      const ours = Object.keys(otherConfig(settings));
      await this.#act([dropPorts(bridge.id, this.#ourPorts(bridge.row)), ...restore(bridge.row, where, ours)]);
      return;
    }
    const [root] = database.replica.rows('Open_vSwitch').keys();
    const mutations = [['bridges', 'delete', set([uuid(bridge.id)])]] as const;
    await this.#act([{ op: 'mutate', table: 'Open_vSwitch', where: byId(root!), mutations }]);
  }

  async #opening(): Promise<Operation[]> {
    const { database, owner, name, settings, datapathType } = this.#options;
    const ours = otherConfig(settings);
    const controller = controllerInsert(owner, settings);
    const bridge = this.#find();
    if (bridge) {
      const where = byId(bridge.id);
      const before = noteBefore(bridge.row, await this.#controllersOf(bridge.row), ours);
      return [
        controller,
        { op: 'update', table: 'Bridge', where, row: settingsRow(settings) },
        {
          ...{ op: 'mutate', table: 'Bridge', where },
          mutations: [
            ['other_config', 'delete', set(Object.keys(ours))],
            ['other_config', 'insert', map(ours)],
            ['external_ids', 'insert', before],
            ['external_ids', 'insert', ownedBy(owner)],
          ],
        },
      ];
    }
    const [root] = database.replica.rows('Open_vSwitch').keys();
    if (root === undefined) throw new OvsError('OVS_REFUSED', 'the database has no Open vSwitch in it');
    return [
      controller,
      { op: 'insert', table: 'Interface', row: { name, type: 'internal' }, 'uuid-name': 'local_interface' },
      { op: 'insert', table: 'Port', row: { name, interfaces: newRow('local_interface') }, 'uuid-name': 'local_port' },
      {
        ...{ op: 'insert', table: 'Bridge', 'uuid-name': 'bridge' },
        row: {
          ...{ name, datapath_type: datapathType, ports: newRow('local_port') },
          ...{ ...settingsRow(settings), other_config: map(ours), external_ids: ownedBy(owner) },
        },
      },
      {
        ...{ op: 'mutate', table: 'Open_vSwitch', where: byId(root) },
        mutations: [['bridges', 'insert', newRow('bridge')]],
      },
    ];
  }

  async #controllersOf(bridge: Row): Promise<Row[]> {
    const { database } = this.#options;
    const ids = uuidsOf(bridge.controller);
    if (ids.length === 0) return [];
    const results = await database.transact(
      ids.map((id) => ({ op: 'select', table: 'Controller', where: byId(id) }) as const),
    );
    return results.flatMap(({ rows }) => rows ?? []);
  }

  #find() {
    return this.#options.database.replica.find('Bridge', (row) => row.name === this.#options.name);
  }

  #bridge() {
    const bridge = this.#find();
    if (bridge && this.isOurs) return bridge;
    throw new OvsError('OVS_REFUSED', `bridge ${this.#options.name} is gone, or not this node's any more`);
  }

  #ourPorts(bridge: Row): { readonly id: string; readonly row: Row }[] {
    const { database, owner } = this.#options;
    const ports = database.replica.rows('Port');
    return uuidsOf(bridge.ports).flatMap((id) => {
      const row = ports.get(id);
      return row !== undefined && ownerOf(row) === owner ? [{ id, row }] : [];
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

function byId(id: string): readonly Condition[] {
  return [['_uuid', '==', uuid(id)]];
}

function dropPorts(bridgeId: string, ports: readonly { readonly id: string }[]): Operation {
  const mutations = [['ports', 'delete', set(ports.map(({ id }) => uuid(id)))]] as const;
  return { op: 'mutate', table: 'Bridge', where: byId(bridgeId), mutations };
}
