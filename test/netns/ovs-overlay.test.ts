import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCapture } from '../../src/pcap/index.ts';
import { LabRun, type Running } from './support/lab-run.ts';
import { joinByVeth, makeNetns, type Netns } from './support/netns.ts';
import { NetnsOvs } from './support/ovs.ts';

/** Sites whose switch is an Open vSwitch with a host at a port of it, and nodes whose TAP is the host. */
const [sites, plain] = [8, 2];
const count = sites + plain;
const rendezvous = '192.168.78.254';

interface Host {
  readonly netns: Netns;
  readonly v4: string;
  readonly v6: string;
  /** Where other hosts are heard. */
  readonly device: string;
}

interface Site {
  readonly netns: Netns;
  readonly ovs: NetnsOvs;
  /** A second host, which is at no other test. */
  readonly neighbour: Host;
  readonly before: string;
  readonly start: () => Running;
}

let underlay: Netns;
const netnses: Netns[] = [];
const runs: LabRun[] = [];
const hosts: Host[] = [];
const bridges: Site[] = [];
const nodes: Running[] = [];
const captures: { readonly process: ChildProcess; readonly file: string }[] = [];
const folder = mkdtempSync(join(tmpdir(), 'rgt-cap-'));

beforeAll(async () => {
  underlay = await newNetns();
  await underlay.ip('link add br0 type bridge', `address add ${rendezvous}/24 dev br0`, 'link set br0 up');
  const server = newRun(underlay).start(['rendezvous', '--listen', `${rendezvous}:7788`]);
  await server.printed('Ctrl-C');
  const starts: (() => Running)[] = [];
  for (let i = 1; i <= count; i++) starts.push(await prepare(i));
  for (const start of starts) nodes.push(start());
  await Promise.all(nodes.map(({ printed }) => printed('Ctrl-C')));
  for (const [i, host] of hosts.entries()) captures.push(await capture(host, join(folder, `${i}.pcap`)));
}, 120_000);

afterAll(async () => {
  for (const { process } of captures) process.kill();
  for (const run of runs) await run.end();
  for (const { ovs } of bridges) await ovs.stop();
  for (const netns of netnses) await netns.delete();
  rmSync(folder, { recursive: true, force: true });
});

async function newNetns(): Promise<Netns> {
  const netns = await makeNetns();
  netnses.push(netns);
  return netns;
}

function newRun(netns: Netns): LabRun {
  const run = new LabRun(netns.name);
  runs.push(run);
  return run;
}

/** What a node needs; resolves to what starts it. */
async function prepare(i: number): Promise<() => Running> {
  const site = await newNetns();
  const uplink = { netns: site, name: 'eth0', addresses: [`192.168.78.${i}/24`] };
  await joinByVeth(uplink, { netns: underlay, name: `n${i}`, addresses: [] });
  await underlay.ip(`link set n${i} master br0`);
  const address = { v4: `10.66.0.${i}`, v6: `fd66::${i}` };
  const args = ['up', '--name', `n${i}`, '--rendezvous', `ws://${rendezvous}:7788`, '--log-level', 'warn'];
  const run = newRun(site);
  if (i > sites) {
    hosts.push({ netns: site, ...address, device: 'ringlet0' });
    return () => run.start([...args, '--address', `${address.v4}/16`, '--address', `${address.v6}/64`]);
  }
  const host = await hostAt(site, 'leaf', address);
  const neighbour = await hostAt(site, 'leaf2', { v4: `10.66.1.${i}`, v6: `fd66::1:${i}` });
  const ovs = await NetnsOvs.start(site);
  const added = ['leaf', 'leaf2'].flatMap((port) => ['--', 'add-port', 'br0', port]);
  await ovs.vsctl('add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev', ...added);
  const start = () => run.start([...args, '--ovs', 'br0', '--ovs-database', ovs.database]);
  hosts.push(host);
  bridges.push({ netns: site, ovs, neighbour, before: await look(site, ovs), start });
  return start;
}

async function hostAt(site: Netns, port: string, { v4, v6 }: Pick<Host, 'v4' | 'v6'>): Promise<Host> {
  const netns = await newNetns();
  const end = { netns, name: 'eth0', addresses: [`${v4}/16`, `${v6}/64`] };
  await joinByVeth(end, { netns: site, name: port, addresses: [] });
  // Open vSwitch in user space neither finishes checksums nor cuts super-frames.
  await netns.run('ethtool', '-K', 'eth0', 'tx', 'off');
  return { netns, v4, v6, device: 'eth0' };
}

/** All of an Open vSwitch that somebody else may have set up, and what it forwards by. */
async function look(netns: Netns, ovs: NetnsOvs): Promise<string> {
  const ofctl = (command: string) => ovs.ofctl('--no-stats', '-O', 'OpenFlow13', command, 'br0');
  const { stdout: links } = { stdout: await netns.run('ip', '-br', 'link') };
  const parts = [
    await ovs.vsctl('list', 'Bridge'),
    await ovs.vsctl('list', 'Controller'),
    await ovs.vsctl('list', 'Port'),
    await ovs.vsctl('--columns', 'name,type,ofport,options,mtu,mtu_request,external_ids', 'list', 'Interface'),
    await ovs.vsctl('--columns', 'bridges,manager_options,external_ids,other_config', 'list', 'Open_vSwitch'),
    ...(await Promise.all(['dump-flows', 'dump-groups', 'dump-meters'].map(ofctl))),
    links.replaceAll(/ .*/g, ''),
  ];
  return parts.join('\n').replaceAll(/\(xid=.*\)/g, '');
}

/** What a host hears of pings and of the broadcasts of this test. */
async function capture({ netns, device }: Host, file: string) {
  const wanted = 'icmp or (icmp6 and (ip6[40] == 128 or ip6[40] == 129)) or udp port 9999';
  const args = ['netns', 'exec', netns.name, 'tcpdump', '-n', '-U', '-w', file, '-Q', 'in', '-i', device, wanted];
  const process = spawn('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve) =>
    process.stderr.on('data', (chunk) => /listening on/.test(String(chunk)) && resolve()),
  );
  return { process, file };
}

async function heardBy(i: number): Promise<string[]> {
  const frames: string[] = [];
  try {
    for await (const { data } of readCapture(join(folder, `${i}.pcap`)))
      frames.push(Buffer.from(data).toString('latin1'));
  } catch {
    // Its last frame is being written.
  }
  return frames;
}

const pings = (from: Host, to: string) =>
  from.netns.run('ping', '-n', '-q', '-c', '1', '-W', '2', to).then(
    () => true,
    () => false,
  );

/** Each host sends so many broadcasts, all at the same time. Every frame bears `<round/host/number>`. */
async function broadcast(round: number, broadcasts: number): Promise<void> {
  await Promise.all(
    hosts.map(({ netns }, i) => {
      const script = `
        const socket = require('node:dgram').createSocket('udp4');
        socket.bind(() => {
          socket.setBroadcast(true);
          let sent = 0;
          const timer = setInterval(() => {
            socket.send('<${round}/${i}/' + sent + '>', 9999, '10.66.255.255');
            if (++sent === ${broadcasts}) { clearInterval(timer); setTimeout(() => socket.close(), 50); }
          }, 10);
        });`;
      return netns.run(process.execPath, '-e', script);
    }),
  );
}

/** Everybody heard each broadcast of a round once. */
async function expectEachOnce(round: number, broadcasts: number): Promise<void> {
  for (const self of hosts.keys()) {
    const wanted = hosts.flatMap((_, i) =>
      i === self ? [] : Array.from({ length: broadcasts }, (_, k) => `<${round}/${i}/${k}>`),
    );
    // Datagrams of one sender, one behind the other, may come in as one super-frame.
    const marks = new RegExp(`<${round}/\\d+/\\d+>`, 'g');
    const got = async () => (await heardBy(self)).flatMap((frame) => frame.match(marks) ?? []).sort();
    await expect.poll(async () => (await got()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(wanted.length);
    expect(await got()).toEqual(wanted.sort());
  }
}

/** Frames that rules of one table saw. */
async function packetsOf({ ovs }: Site, table: number): Promise<number> {
  const flows = await ovs.ofctl('-O', 'OpenFlow13', 'dump-flows', 'br0', `table=${table}`);
  return [...flows.matchAll(/n_packets=(\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

describe(`${sites} Open vSwitches and ${plain} nodes of their own in one overlay`, () => {
  it('let every pair of hosts reach each other over IPv4 and IPv6', async () => {
    await Promise.all(
      hosts.map(async (from) => {
        for (const to of hosts) {
          for (const address of [to.v4, to.v6]) {
            await expect.poll(() => pings(from, address), { timeout: 20_000 }).toBe(true);
          }
        }
      }),
    );
    const transit = await Promise.all(bridges.map((site) => packetsOf(site, 8)));
    expect(transit.reduce((sum, packets) => sum + packets, 0)).toBeGreaterThan(0);
  }, 120_000);

  it('give every host each broadcast once, also while an Open vSwitch has lost its controller', async () => {
    await broadcast(1, 20);
    await expectEachOnce(1, 20);
    const { ovs } = bridges[0]!;
    const target = (await ovs.vsctl('get-controller', 'br0')).trim();
    const ages = async () => {
      const flows = await ovs.ofctl('-O', 'OpenFlow13', 'dump-flows', 'br0', 'table=1');
      return [...flows.matchAll(/duration=([\d.]+)s/g)].map(([, seconds]) => Number(seconds));
    };
    await ovs.vsctl('set-controller', 'br0', 'tcp:127.0.0.1:9');
    const lostAt = performance.now();
    await broadcast(2, 10);
    await expectEachOnce(2, 10);
    await Promise.all([ovs.vsctl('set-controller', 'br0', target), broadcast(3, 20)]);
    await expectEachOnce(3, 20);
    await expect.poll(() => ovs.vsctl('get', 'Controller', 'br0', 'is_connected'), { timeout: 10_000 }).toBe('true\n');
    // It goes on with the rules that it has.
    expect(Math.min(...(await ages()))).toBeGreaterThan((performance.now() - lostAt) / 1000);
  }, 60_000);

  it('learn hosts in their VLANs', async () => {
    const [from, to] = [hosts[0]!, hosts[1]!];
    const macOf = async ({ netns }: Host) => (await netns.run('cat', '/sys/class/net/eth0/address')).trim();
    const [a, b] = [await macOf(from), await macOf(to)];
    /** Sends frames of VLAN 7. */
    const send = ({ netns }: Host, dst: string, src: string, count: number) => {
      const script = `
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('eth0', 0))
frame = bytes.fromhex('${dst}${src}'.replace(':', '') + '8100000788cc') + bytes(50)
for i in range(${count}):
    s.send(frame)
    time.sleep(0.005)`;
      return netns.run('python3', '-c', script);
    };
    for (const [host, mac] of [
      [from, a],
      [to, b],
    ] as const) {
      await send(host, 'ff:ff:ff:ff:ff:ff', mac, 1);
    }
    /** Frames that a rule for the second host in VLAN 7 saw; -1: there is none. */
    const seen = async ({ ovs }: Site, table: number) => {
      const flows = await ovs.ofctl('-O', 'OpenFlow13', 'dump-flows', 'br0', `table=${table}`);
      const rule = new RegExp(`n_packets=(\\d+).*vlan_tci=0x0007/0x0fff,dl_dst=${b} `);
      return Number(rule.exec(flows)?.[1] ?? -1);
    };
    const sent = () => seen(bridges[0]!, 5);
    const arrived = () => seen(bridges[1]!, 7);
    await expect.poll(sent, { timeout: 5_000 }).toBeGreaterThanOrEqual(0);
    const before = await sent();
    await send(from, b, a, 20);
    await expect.poll(sent, { timeout: 5_000 }).toBe(before + 20);
    await expect.poll(arrived, { timeout: 5_000 }).toBeGreaterThanOrEqual(20);
  }, 30_000);

  it('carry TCP between hosts of Open vSwitches, and from one to a TAP', async () => {
    for (const [from, to] of [
      [hosts[0]!, hosts[sites >> 1]!],
      [hosts[1]!, hosts[sites]!],
    ] as const) {
      const args = ['netns', 'exec', to.netns.name, 'iperf3', '-s', '-1', '--forceflush'];
      const server = spawn('ip', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(server.stdout, 'data');
      const sent = JSON.parse(await from.netns.run('iperf3', '-c', to.v4, '-t', '1', '-J'));
      expect(sent.end.sum_received.bytes).toBeGreaterThan(1e6);
      if (server.exitCode === null) await once(server, 'exit');
    }
  }, 60_000);

  it('go on after a switch and a database were killed, with the same rules', async () => {
    const { ovs } = bridges[1]!;
    const tables = async () => {
      const flows = await ovs.ofctl('--no-stats', '-O', 'OpenFlow13', 'dump-flows', 'br0');
      // Ports may have other numbers, and hosts are learned again.
      return [...flows.matchAll(/table=[18], .*/g)].length;
    };
    const before = await tables();
    expect(before).toBeGreaterThan(2 * (count - 1));
    await ovs.kill('ovsdb-server', 'SIGKILL');
    await ovs.kill('ovs-vswitchd', 'SIGKILL');
    expect(await pings(hosts[0]!, hosts[1]!.v4)).toBe(false);
    await ovs.startDatabase();
    await ovs.startSwitch();
    await expect.poll(tables, { timeout: 20_000 }).toBeGreaterThanOrEqual(before);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [sites, 1],
    ] as const) {
      for (const address of [hosts[to]!.v4, hosts[to]!.v6]) {
        await expect.poll(() => pings(hosts[from]!, address), { timeout: 15_000 }).toBe(true);
      }
    }
  }, 60_000);

  it('keep their hosts together while their node is dead, and take it back when it starts again', async () => {
    const { ovs, neighbour, start } = bridges[2]!;
    const host = hosts[2]!;
    const ports = async () => (await ovs.vsctl('list-ports', 'br0')).trim().split('\n').sort();
    const left = await ports();
    nodes[2]!.process.kill('SIGKILL');
    await nodes[2]!.finished;
    expect(await pings(host, neighbour.v4)).toBe(true);
    expect(await pings(neighbour, host.v6)).toBe(true);
    const again = start();
    nodes[2] = again;
    await again.printed('Ctrl-C');
    // The key is another one, and so are the names of the links' interfaces.
    const links = left.filter((name) => name.startsWith('rl'));
    expect(links.length).toBeGreaterThan(1);
    expect((await ports()).filter((name) => links.includes(name))).toEqual([]);
    for (const to of [hosts[3]!, hosts[sites]!]) {
      for (const address of [to.v4, to.v6]) {
        await expect.poll(() => pings(host, address), { timeout: 15_000 }).toBe(true);
      }
    }
  }, 60_000);

  it('never gave any host a frame twice', async () => {
    for (const { process } of captures) {
      process.kill('SIGINT');
      await once(process, 'exit');
    }
    for (const i of hosts.keys()) {
      const frames = await heardBy(i);
      expect(frames.length).toBeGreaterThan(2 * count);
      expect(frames.length - new Set(frames).size).toBe(0);
    }
  }, 60_000);

  it('leave each Open vSwitch as it was', async () => {
    for (const { process: node } of nodes) node.kill('SIGINT');
    for (const { finished } of nodes) expect(await finished).toMatchObject({ code: 0 });
    for (const { netns, ovs, before } of bridges) await expect.poll(() => look(netns, ovs)).toBe(before);
  }, 60_000);
});
