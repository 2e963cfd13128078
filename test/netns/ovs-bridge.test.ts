import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/system-clock.ts';
import { dialler, parseDialTarget } from '../../src/openflow/index.ts';
import { bridgeColumns, Database, OvsBridge, type OvsBridgeOptions } from '../../src/ovs/index.ts';
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

const settings = {
  controller: 'tcp:127.0.0.1:6653',
  failMode: 'secure',
  protocols: ['OpenFlow13', 'OpenFlow14'],
  datapathId: 0x1234n,
} as const;

/** Times that the replica was whole. */
let syncs = 0;

async function connect(options: Partial<OvsBridgeOptions> = {}, target = ovs.database) {
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
  const bridge = new OvsBridge({
    ...{ database, clock: systemClock, name: 'br0', owner: 'attic', settings, datapathType: 'netdev' },
    ...options,
  });
  closers.push(() => database.close());
  await database.start();
  return { database, bridge };
}

async function makeTap(name: string): Promise<void> {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, closers.length + 1);
  const tap = await KernelTap.open({ name, netns: netns.path, mac, mtu: 1400, addresses: [] });
  closers.push(() => tap.close());
}

/** All that a user of the bridge can see of how it is set up. */
async function look(): Promise<string> {
  const columns = 'name,fail_mode,protocols,other_config,external_ids,datapath_type';
  const bridges = await ovs.vsctl('--columns', columns, 'list', 'Bridge');
  const controllers = await ovs.vsctl('--columns', 'target,max_backoff,external_ids', 'list', 'Controller');
  const sorted = controllers
    .split('\n\n')
    .map((text) => text.trim())
    .sort();
  return `${bridges}\n${sorted.join('\n')}\n${await ovs.vsctl('list-ports', 'br0')}`;
}

describe('a bridge of Open vSwitch that a node makes', () => {
  it('is there with its ports while the node runs, and gone after', async () => {
    await ovs.vsctl('add-br', 'other', '--', 'set', 'Bridge', 'other', 'datapath_type=netdev');
    const { bridge } = await connect();
    await bridge.open();
    expect(await look()).toMatch(/OpenFlow13, OpenFlow14[\s\S]*tcp:127.0.0.1:6653/);
    expect(await ovs.vsctl('get-fail-mode', 'br0')).toBe('secure\n');
    expect(await ovs.ofctl('-O', 'OpenFlow13', 'show', 'br0')).toMatch(/dpid:0000000000001234/);
    await makeTap('t1');
    const port = await bridge.addPort('t1', { peer: 'cellar' });
    expect(port.no).toBeGreaterThan(0);
    expect(await ovs.ofctl('-O', 'OpenFlow13', 'show', 'br0')).toMatch(new RegExp(` ${port.no}\\(t1\\): `));
    expect(await ovs.vsctl('get', 'Port', 't1', 'external_ids')).toBe('{peer=cellar, ringlet=attic}\n');
    await bridge.removePort('t1');
    expect(await ovs.vsctl('list-ports', 'br0')).toBe('');
    await bridge.addPort('t1');
    await bridge.close();
    expect(await ovs.vsctl('list-br')).toBe('other\n');
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
      ...['other_config:datapath-id=00000000000000aa', 'other_config:mac-aging-time=60', 'external_ids:of=mine'],
      ...['--', 'set-controller', 'br0', 'tcp:192.0.2.1:6653', 'ptcp:6699', '--', 'add-port', 'br0', 'theirs'],
    );
    const [id] = (
      await ovs.vsctl('--bare', '--columns', '_uuid', 'find', 'Controller', 'target="tcp:192.0.2.1:6653"')
    ).split('\n');
    await ovs.vsctl('set', 'Controller', id!, 'max_backoff=3000', 'external_ids:by=hand');
  };

  it('is what it was when the node is gone, with what others changed meanwhile', async () => {
    await prepare();
    const before = await look();
    const { bridge } = await connect();
    await bridge.open();
    expect(await ovs.vsctl('get-controller', 'br0')).toBe('tcp:127.0.0.1:6653\n');
    expect(await ovs.ofctl('-O', 'OpenFlow13', 'show', 'br0')).toMatch(/dpid:0000000000001234/);
    await makeTap('t1');
    await bridge.addPort('t1');
    await ovs.vsctl('set', 'Bridge', 'br0', 'external_ids:new=theirs');
    await bridge.close();
    expect(await look()).toBe(before.replace('{of=mine}', '{new=theirs, of=mine}'));
  });

  it('is cleared of what a killed run of the node left, and is then adopted anew', async () => {
    await prepare();
    const before = await look();
    const first = await connect();
    await first.bridge.open();
    await makeTap('t1');
    await first.bridge.addPort('t1');
    first.database.close();
    const { bridge } = await connect();
    await bridge.open();
    expect(await ovs.vsctl('list-ports', 'br0')).toBe('theirs\n');
    await bridge.close();
    expect(await look()).toBe(before);
  });

  it('is refused to a second node', async () => {
    const first = await connect();
    await first.bridge.open();
    const { bridge } = await connect({ owner: 'cellar' });
    await expect(bridge.open()).rejects.toMatchObject({ code: 'OVS_TAKEN', message: expect.stringMatching(/attic/) });
    await bridge.close();
    expect(await ovs.vsctl('list-br')).toBe('br0\n');
  });
});

describe('the connection to the database', () => {
  it('comes back when the server does, with what changed meanwhile', async () => {
    const { database, bridge } = await connect();
    await bridge.open();
    await ovs.kill('ovsdb-server', 'SIGKILL');
    await waitFor(() => !database.isSynced);
    await expect(bridge.removePort('t1')).resolves.toBeUndefined();
    await expect(database.transact([])).rejects.toMatchObject({ code: 'OVS_LOST' });
    await ovs.startDatabase();
    await waitFor(() => syncs === 2, 10_000);
    await makeTap('t1');
    expect((await bridge.addPort('t1')).no).toBeGreaterThan(0);
    await ovs.vsctl('del-br', 'br0');
    await waitFor(() => !bridge.isOurs);
    await expect(bridge.addPort('t2')).rejects.toMatchObject({ code: 'OVS_REFUSED' });
    await bridge.close();
  });

  it('refuses what is wrong in it, and says so', async () => {
    const { database } = await connect();
    const row = { name: 'x', no_such_column: 1 };
    await expect(database.transact([{ op: 'insert', table: 'Bridge', row }])).rejects.toMatchObject({
      code: 'OVS_REFUSED',
      message: expect.stringMatching(/no_such_column/),
    });
    await expect(connect({}, `unix:${ovs.folder}/none.sock`)).rejects.toMatchObject({ code: 'OVS_UNREACHABLE' });
  });
});
