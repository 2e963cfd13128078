import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/system-clock.ts';
import { dialler, parseDialTarget } from '../../src/openflow/index.ts';
import { bridgeColumns, Database, OvsBridge } from '../../src/ovs/index.ts';
import { KernelTap } from '../../src/tap/index.ts';
import { makeNetns, type Netns } from './support/netns.ts';
import { NetnsOvs } from './support/ovs.ts';
import { waitFor } from './support/wait.ts';

let netns: Netns;
let ovs: NetnsOvs;
const closers: (() => void)[] = [];
beforeEach(async () => {
  netns = await makeNetns();
  ovs = await NetnsOvs.start(netns);
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await ovs.stop();
  await netns.delete();
});

/** Times that the replica was whole. */
let syncs = 0;

async function connect(owner = 'attic', target = ovs.database) {
  syncs = 0;
  const database: Database = new Database({
    dial: dialler(parseDialTarget(target)),
    name: 'Open_vSwitch',
    columns: bridgeColumns,
    where: target,
    clock: systemClock,
    random: Math.random,
    events: {
      synced: () => {
        syncs += 1;
        bridge.changed();
      },
      changed: () => bridge.changed(),
      lost: () => {},
    },
  });
  const bridge = new OvsBridge({ database, clock: systemClock, name: 'br0', owner });
  closers.push(() => database.close());
  await database.start();
  return { database, bridge };
}

async function makeTap(name: string): Promise<void> {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, closers.length + 1);
  const tap = await KernelTap.open({ name, netns: netns.path, mac, mtu: 1400, addresses: [] });
  closers.push(() => tap.close());
}

/** All that its owner said of the bridge, its ports and its controllers. */
async function look(): Promise<string> {
  const of = (table: string, columns: string) => ovs.vsctl('--columns', columns, 'list', table);
  return [
    await of('Bridge', 'name,fail_mode,protocols,other_config,external_ids,datapath_type'),
    await of('Controller', 'target,max_backoff,external_ids'),
    await ovs.vsctl('list-ports', 'br0'),
  ].join('\n');
}

describe('a bridge of Open vSwitch that a node makes', () => {
  it('is there with its port while the node runs, and gone after', async () => {
    await ovs.vsctl('add-br', 'other', '--', 'set', 'Bridge', 'other', 'datapath_type=netdev');
    const { bridge } = await connect();
    await bridge.open();
    await makeTap('t1');
    const port = await bridge.addPort('t1');
    expect(port.no).toBeGreaterThan(0);
    expect(await ovs.ofctl('-O', 'OpenFlow13', 'show', 'br0')).toMatch(new RegExp(` ${port.no}\\(t1\\): `));
    expect(await ovs.vsctl('get', 'Port', 't1', 'external_ids')).toBe('{ringlet=attic}\n');
    await bridge.close();
    expect(await ovs.vsctl('list-br')).toBe('other\n');
  });

  it('stays as long as others have ports on it', async () => {
    const { bridge } = await connect();
    await bridge.open();
    for (const name of ['t1', 'theirs']) await makeTap(name);
    await bridge.addPort('t1');
    await ovs.vsctl('add-port', 'br0', 'theirs');
    await bridge.close();
    expect(await ovs.vsctl('list-ports', 'br0')).toBe('theirs\n');
  });

  it('says what the switch cannot open, and leaves nothing of it', async () => {
    const { bridge } = await connect();
    await bridge.open();
    await expect(bridge.addPort('nothing')).rejects.toMatchObject({
      code: 'OVS_REFUSED',
      message: expect.stringMatching(/^the switch cannot open nothing: .*nothing/),
    });
    expect(await ovs.vsctl('list-ports', 'br0')).toBe('');
    await expect(bridge.addPort('br0')).rejects.toMatchObject({ code: 'OVS_TAKEN' });
  });
});

describe('a bridge of Open vSwitch that a node adopts', () => {
  const prepare = async () => {
    await makeTap('theirs');
    await ovs.vsctl(
      ...['add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev', 'fail_mode=standalone'],
      ...['other_config:datapath-id=00000000000000aa', 'external_ids:of=mine'],
      ...['--', 'set-controller', 'br0', 'tcp:192.0.2.1:6653', '--', 'add-port', 'br0', 'theirs'],
    );
    return look();
  };

  it('has one port more while the node runs, and is otherwise never touched', async () => {
    const before = await prepare();
    const { bridge } = await connect();
    await bridge.open();
    await makeTap('t1');
    await bridge.addPort('t1');
    expect(await look()).toBe(before.replace('theirs', 't1\ntheirs'));
    await bridge.close();
    expect(await look()).toBe(before);
  });

  it('is cleared of what a killed run of the node left', async () => {
    const before = await prepare();
    const first = await connect();
    await first.bridge.open();
    await makeTap('t1');
    await first.bridge.addPort('t1');
    first.database.close();
    const { bridge } = await connect();
    await bridge.open();
    expect(await look()).toBe(before);
    await bridge.addPort('t1');
    await bridge.close();
    expect(await look()).toBe(before);
  });

  it('takes no second node', async () => {
    await prepare();
    const first = await connect();
    await first.bridge.open();
    for (const name of ['t1', 't2']) await makeTap(name);
    await first.bridge.addPort('t1');
    const { bridge } = await connect('cellar');
    await bridge.open();
    await expect(bridge.addPort('t2')).rejects.toMatchObject({
      code: 'OVS_TAKEN',
      message: expect.stringMatching(/attic/),
    });
    await bridge.close();
    expect(await ovs.vsctl('list-ports', 'br0')).toBe('t1\ntheirs\n');
  });
});

describe('the connection to the database', () => {
  it('comes back when the server does, with what changed meanwhile', async () => {
    const { database, bridge } = await connect();
    await bridge.open();
    await ovs.kill('ovsdb-server', 'SIGKILL');
    await waitFor(() => !database.isSynced);
    await expect(database.transact([])).rejects.toMatchObject({ code: 'OVS_LOST' });
    await ovs.startDatabase();
    await waitFor(() => syncs === 2, 10_000);
    await makeTap('t1');
    expect((await bridge.addPort('t1')).no).toBeGreaterThan(0);
    await ovs.vsctl('del-port', 'br0', 't1');
    await waitFor(() => !bridge.hasPort('t1'));
    await ovs.vsctl('del-br', 'br0');
    await expect.poll(() => bridge.addPort('t1').catch((error) => error.code)).toBe('OVS_REFUSED');
    await bridge.close();
  });

  it('refuses what is wrong in it, and says so', async () => {
    const { database } = await connect();
    const row = { name: 'x', no_such_column: 1 };
    await expect(database.transact([{ op: 'insert', table: 'Bridge', row }])).rejects.toMatchObject({
      code: 'OVS_REFUSED',
      message: expect.stringMatching(/no_such_column/),
    });
    await expect(connect('attic', `unix:${ovs.folder}/none.sock`)).rejects.toMatchObject({ code: 'OVS_UNREACHABLE' });
  });
});
