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
/** What the bridge could not do. */
const problems: string[] = [];
const settings = { controller: 'tcp:127.0.0.1:1', datapathId: 0xabcdn };

async function connect(owner = 'attic', target = ovs.database) {
  syncs = 0;
  problems.length = 0;
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
  const onProblem = (reason: string) => problems.push(reason);
  const bridge = new OvsBridge({ database, clock: systemClock, name: 'br0', owner, onProblem });
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
  // In whatever order the rows are.
  const of = async (table: string, columns: string) =>
    (await ovs.vsctl('--columns', columns, 'list', table)).trim().split('\n\n').sort().join('\n\n');
  const controller = [
    ...[
      'target',
      'connection_mode',
      'max_backoff',
      'inactivity_probe',
      'controller_rate_limit',
      'controller_burst_limit',
    ],
    ...['enable_async_messages', 'local_ip', 'local_netmask', 'local_gateway', 'other_config', 'external_ids', 'type'],
  ];
  return [
    await of('Bridge', 'name,fail_mode,protocols,other_config,external_ids,datapath_type'),
    await of('Controller', controller.join()),
    await ovs.vsctl('--columns', 'name,tag,trunks,external_ids', 'list', 'Port'),
    await ovs.vsctl('--columns', 'name,type,mtu_request,external_ids', 'list', 'Interface'),
    await ovs.vsctl('list-ports', 'br0'),
  ].join('\n');
}

const ports = () => ovs.vsctl('list-ports', 'br0').then((text) => text.trim().split('\n').sort());

describe('a bridge of Open vSwitch that a node makes', () => {
  it('is there with its ports while the node runs, and gone after', async () => {
    await ovs.vsctl('add-br', 'other', '--', 'set', 'Bridge', 'other', 'datapath_type=netdev');
    const { bridge } = await connect();
    await bridge.open(settings);
    for (const name of ['t1', 't2']) await makeTap(name);
    bridge.keepPorts(new Set(['t1', 't2']));
    await expect.poll(ports).toEqual(['t1', 't2']);
    expect(await ovs.ofctl('-O', 'OpenFlow13', 'show', 'br0')).toMatch(/dpid:000000000000abcd[\s\S]* \d+\(t1\): /);
    expect(await ovs.vsctl('get', 'Port', 't1', 'external_ids')).toBe('{ringlet=attic}\n');
    expect(await ovs.vsctl('get', 'Bridge', 'br0', 'fail_mode', 'external_ids')).toBe('secure\n{ringlet=attic}\n');
    expect(await ovs.vsctl('get-controller', 'br0')).toBe('tcp:127.0.0.1:1\n');
    expect(bridge.problemOf('t1')).toBeUndefined();
    bridge.keepPorts(new Set(['t2']));
    await expect.poll(ports).toEqual(['t2']);
    await bridge.close();
    expect(await ovs.vsctl('list-br')).toBe('other\n');
  });

  it('stays as long as others have ports on it, and forwards on its own then', async () => {
    const { bridge } = await connect();
    await bridge.open(settings);
    for (const name of ['t1', 'theirs']) await makeTap(name);
    bridge.keepPorts(new Set(['t1']));
    await expect.poll(ports).toEqual(['t1']);
    await ovs.vsctl('add-port', 'br0', 'theirs');
    await bridge.close();
    expect(await ports()).toEqual(['theirs']);
    expect(await ovs.vsctl('get', 'Bridge', 'br0', 'fail_mode', 'external_ids', 'controller')).toBe('[]\n{}\n[]\n');
    expect(await ovs.ofctl('dump-flows', 'br0')).toMatch(/actions=NORMAL/);
  });

  it('says what the switch cannot open, and takes what it can have later', async () => {
    const { bridge } = await connect();
    await bridge.open(settings);
    await ovs.vsctl('add-br', 'other', '--', 'set', 'Bridge', 'other', 'datapath_type=netdev');
    await makeTap('theirs');
    await ovs.vsctl('add-port', 'other', 'theirs');
    bridge.keepPorts(new Set(['nothing']));
    await expect.poll(() => bridge.problemOf('nothing')).toMatch(/nothing/);
    bridge.keepPorts(new Set(['theirs']));
    await waitFor(() => problems.length > 0);
    expect(problems[0]).toMatch(/theirs/);
    expect(await ovs.vsctl('port-to-br', 'theirs')).toBe('other\n');
    await ovs.vsctl('del-port', 'other', 'theirs');
    await expect.poll(ports).toEqual(['theirs']);
    await bridge.close();
  });
});

describe('a bridge of Open vSwitch that a node adopts', () => {
  const prepare = async () => {
    await makeTap('theirs');
    await ovs.vsctl(
      ...['--id=@one', 'create', 'Controller', 'target="tcp:192.0.2.1:6653"', 'inactivity_probe=7000'],
      ...['external_ids:who=them', '--', '--id=@two', 'create', 'Controller', 'target="ptcp:0:127.0.0.1"', '--'],
      ...['add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev', 'fail_mode=standalone'],
      ...['other_config:datapath-id=00000000000000aa', 'other_config:mac-aging-time=60', 'external_ids:of=mine'],
      ...['protocols=OpenFlow10,OpenFlow15', 'controller=@one,@two', '--', 'add-port', 'br0', 'theirs', 'tag=7'],
    );
    return look();
  };

  it('is the switch of the node while that runs, and as it was before after that', async () => {
    const before = await prepare();
    const { bridge } = await connect();
    await bridge.open(settings);
    await makeTap('t1');
    bridge.keepPorts(new Set(['t1']));
    await expect.poll(ports).toEqual(['t1', 'theirs']);
    expect(await ovs.vsctl('get-controller', 'br0')).toBe('tcp:127.0.0.1:1\n');
    expect(await ovs.vsctl('get', 'Bridge', 'br0', 'fail_mode', 'other_config')).toBe(
      'secure\n{datapath-id="000000000000abcd", mac-aging-time="60"}\n',
    );
    await bridge.close();
    expect(await look()).toBe(before);
  });

  it('is cleared of what a killed run of the node left, and becomes what it was before that one', async () => {
    const before = await prepare();
    const first = await connect();
    await first.bridge.open(settings);
    await makeTap('t1');
    first.bridge.keepPorts(new Set(['t1']));
    await expect.poll(ports).toEqual(['t1', 'theirs']);
    first.database.close();
    const { bridge } = await connect();
    await bridge.open({ ...settings, controller: 'tcp:127.0.0.1:2' });
    expect(await ports()).toEqual(['theirs']);
    expect(await ovs.vsctl('get-controller', 'br0')).toBe('tcp:127.0.0.1:2\n');
    await bridge.close();
    expect(await look()).toBe(before);
  });

  it('takes no second node', async () => {
    await prepare();
    const first = await connect();
    await first.bridge.open(settings);
    const during = await look();
    const { bridge } = await connect('cellar');
    await expect(bridge.open(settings)).rejects.toMatchObject({
      code: 'OVS_TAKEN',
      message: expect.stringMatching(/attic/),
    });
    await bridge.close();
    expect(await look()).toBe(during);
  });
});

describe('the connection to the database', () => {
  it('comes back when the server does, with what changed meanwhile', async () => {
    const { database, bridge } = await connect();
    await bridge.open(settings);
    await ovs.kill('ovsdb-server', 'SIGKILL');
    await waitFor(() => !database.isSynced);
    await expect(database.transact([])).rejects.toMatchObject({ code: 'OVS_LOST' });
    await makeTap('t1');
    bridge.keepPorts(new Set(['t1']));
    await ovs.startDatabase();
    await waitFor(() => syncs === 2, 10_000);
    await expect.poll(ports).toEqual(['t1']);
    // Whoever takes a port of the node away gets it back.
    await ovs.vsctl('del-port', 'br0', 't1');
    await expect.poll(ports).toEqual(['t1']);
    await ovs.vsctl('del-br', 'br0');
    await waitFor(() => !bridge.hasPort('t1'));
    await bridge.close();
  });

  it('refuses what is wrong in it, and says so', async () => {
    const { database } = await connect();
    const row = { name: 'x', no_such_column: 1 };
    await expect(database.transact([{ op: 'insert', table: 'Bridge', row }])).rejects.toMatchObject({
      code: 'OVS_REFUSED',
      message: expect.stringMatching(/no_such_column/),
    });
    await expect(connect('attic', `unix:${ovs.folder}/none.sock`)).rejects.toMatchObject({
      code: 'OVS_UNREACHABLE',
      message: expect.stringMatching(
        /^no database at .*none.sock \(.*ENOENT.*\): start ovsdb-server, or .* --ovs-database$/,
      ),
    });
  });
});
