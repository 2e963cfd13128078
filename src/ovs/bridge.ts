import type { Clock } from '../lib/clock.ts';
import type { Condition, Database, Operation } from './database.ts';
import { OvsError } from './errors.ts';
import type { Columns } from './replica.ts';
import {
  type BridgeSettings,
  beforeKey,
  datapathIdOf,
  giveBack,
  ownerKey,
  remember,
  setDatapathId,
  takeOver,
} from './takeover.ts';
import { atomsOf, map, newRow, type Row, set, textsOf, uuid, uuidsOf } from './values.ts';

/** What `OvsBridge` needs to see of the database Open_vSwitch (ovs-vswitchd.conf.db(5)). */
export const bridgeColumns: Columns = {
  Open_vSwitch: { bridges: 'set', next_cfg: 'set', cur_cfg: 'set', datapath_types: 'set' },
  Bridge: {
    ...{ name: 'set', ports: 'set', controller: 'set', fail_mode: 'set', protocols: 'set' },
    ...{ external_ids: 'map', other_config: 'map' },
  },
  Port: { name: 'set', interfaces: 'set', external_ids: 'map' },
  Interface: { name: 'set', error: 'set' },
};

export interface OvsBridgeOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** The bridge's name. */
  readonly name: string;
  /** The node that uses it: what it makes is marked with this. */
  readonly owner: string;
  /** The ports that are wanted cannot be had now; it is tried again. */
  readonly onProblem: (reason: string) => void;
}

/** The kernel's, where there is one, or that of user space. */
const datapaths = ['system', 'netdev'];
const actionMs = 10_000;
const againMs = 1_000;

/**
 * An Open vSwitch bridge that is a node's switch: made, or adopted if it is there. It is given the node's controller and datapath id,
 * and has ports of the node as long as they are wanted; in the end it is as it was before, and so are all its other ports. What a killed
 * run of the same node left behind is undone first.
 */
export class OvsBridge {
  readonly #options: OvsBridgeOptions;
  readonly #waiting = new Set<() => void>();
  #isOpen = false;
  #wanted: ReadonlySet<string> = new Set();
  #isFollowing = false;

  constructor(options: OvsBridgeOptions) {
    this.#options = options;
  }

  /** To be called whenever the database changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
    this.#follow();
  }

  /**
   * Rejects with OVS_TAKEN for the bridge of another node, OVS_REFUSED and OVS_TIMEOUT when the switch does not follow.
   */
  async open(settings: BridgeSettings): Promise<void> {
    const { owner, name } = this.#options;
    const bridge = this.#find();
    const user = bridge && ownerOf(bridge.row);
    if (user !== undefined && user !== owner) {
      const wayOut = `if that one is no more, start it once with --ovs ${name} and end it`;
      throw new OvsError('OVS_TAKEN', `bridge ${name} is the switch of node ${user}: ${wayOut}`);
    }
    if (bridge === undefined) await this.#make(settings);
    else await this.#adopt(bridge, settings);
    this.#isOpen = true;
  }

  /** From now on the bridge has these ports of the node. Their interfaces have to be there. */
  keepPorts(names: ReadonlySet<string>): void {
    this.#wanted = new Set(names);
    this.#follow();
  }

  /** It is the node's, and to be given back. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  hasPort(name: string): boolean {
    const bridge = this.#find();
    return bridge !== undefined && this.#portsOf(bridge.row).some(({ row }) => row.name === name);
  }

  /** Why the switch has not opened an interface. */
  problemOf(name: string): string | undefined {
    const [problem] = atomsOf(this.#options.database.replica.find('Interface', (row) => row.name === name)?.row.error);
    return problem === undefined ? undefined : String(problem);
  }

  /** Undoes what this node did, and nothing else: a bridge that it made stays, too, while others have ports on it. */
  async close(): Promise<void> {
    const { database, owner } = this.#options;
    const isOpen = this.#isOpen;
    this.#isOpen = false;
    const bridge = this.#find();
    if (!isOpen || bridge === undefined || ownerOf(bridge.row) !== owner) return;
    const ours = this.#ourPorts(bridge.row);
    const others = uuidsOf(bridge.row.ports).length - ours.length - 1;
    const wasThere = textsOf(bridge.row.external_ids)[beforeKey] !== undefined;
    if (wasThere || others > 0) {
      await this.#act([dropPorts(bridge.id, ours), ...giveBack(bridge.row, byId(bridge.id))]);
      return;
    }
    const [root] = database.replica.rows('Open_vSwitch').keys();
    const mutations = [['bridges', 'delete', set([uuid(bridge.id)])]] as const;
    await this.#act([{ op: 'mutate', table: 'Open_vSwitch', where: byId(root!), mutations }]);
  }

  async #make(settings: BridgeSettings): Promise<void> {
    const { owner, name, database } = this.#options;
    const [root] = database.replica.rows('Open_vSwitch');
    if (root === undefined) throw new OvsError('OVS_REFUSED', 'the database has no Open vSwitch in it');
    const [rootId, { datapath_types: types }] = root;
    const { operation, columns } = takeOver(settings, owner);
    await this.#act([
      { op: 'insert', table: 'Interface', row: { name, type: 'internal' }, 'uuid-name': 'local_interface' },
      { op: 'insert', table: 'Port', row: { name, interfaces: newRow('local_interface') }, 'uuid-name': 'local_port' },
      operation,
      {
        ...{ op: 'insert', table: 'Bridge', 'uuid-name': 'bridge' },
        row: {
          ...{ ...columns, name, ports: newRow('local_port'), external_ids: ownedBy(owner) },
          other_config: datapathIdOf(settings),
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

  /** What a killed run remembered of the bridge is what it is to become again. */
  async #adopt({ id, row }: { readonly id: string; readonly row: Row }, settings: BridgeSettings): Promise<void> {
    const { owner } = this.#options;
    const { operation, columns } = takeOver(settings, owner);
    const marks =
      ownerOf(row) === owner ? {} : { [ownerKey]: owner, [beforeKey]: remember(row, await this.#controllersOf(row)) };
    await this.#act([
      dropPorts(id, this.#ourPorts(row)),
      operation,
      { op: 'update', table: 'Bridge', where: byId(id), row: columns },
      {
        op: 'mutate',
        table: 'Bridge',
        where: byId(id),
        mutations: [...setDatapathId(settings), ['external_ids', 'insert', map(marks)]],
      },
    ]);
  }

  async #controllersOf(bridge: Row): Promise<Row[]> {
    const select = (id: string): Operation => ({ op: 'select', table: 'Controller', where: byId(id) });
    const results = await this.#options.database.transact(uuidsOf(bridge.controller).map(select));
    return results.flatMap(({ rows }) => rows ?? []);
  }

  /** Brings the ports of the node in line with those that are wanted. */
  #follow(): void {
    const { database, clock, onProblem } = this.#options;
    const bridge = this.#find();
    if (!this.#isOpen || this.#isFollowing || !database.isSynced || bridge === undefined) return;
    const ours = this.#ourPorts(bridge.row);
    const extra = ours.filter(({ row }) => !this.#wanted.has(String(row.name)));
    const missing = [...this.#wanted].filter((name) => !ours.some(({ row }) => row.name === name));
    if (extra.length === 0 && missing.length === 0) return;
    this.#isFollowing = true;
    const again = () => {
      this.#isFollowing = false;
      this.#follow();
    };
    database
      .transact([dropPorts(bridge.id, extra), ...this.#added(bridge.id, missing)])
      .then(again, (error: OvsError) => {
        onProblem(error.message);
        clock.after(againMs, again);
      });
  }

  #added(bridgeId: string, names: readonly string[]): Operation[] {
    const { owner } = this.#options;
    return names.flatMap((name, i): Operation[] => [
      { op: 'insert', table: 'Interface', row: { name }, 'uuid-name': `interface_${i}` },
      {
        ...{ op: 'insert', table: 'Port', 'uuid-name': `port_${i}` },
        row: { name, interfaces: newRow(`interface_${i}`), external_ids: ownedBy(owner) },
      },
      { op: 'mutate', table: 'Bridge', where: byId(bridgeId), mutations: [['ports', 'insert', newRow(`port_${i}`)]] },
    ]);
  }

  #find() {
    return this.#options.database.replica.find('Bridge', (row) => row.name === this.#options.name);
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
