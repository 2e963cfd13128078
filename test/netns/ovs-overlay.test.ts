import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

let underlay: Netns;
const netnses: Netns[] = [];
const runs: LabRun[] = [];
const switches: NetnsOvs[] = [];
const hosts: Host[] = [];
const nodes: Running[] = [];

beforeAll(async () => {
  underlay = await newNetns();
  await underlay.ip('link add br0 type bridge', `address add ${rendezvous}/24 dev br0`, 'link set br0 up');
  const server = newRun(underlay).start(['rendezvous', '--listen', `${rendezvous}:7788`]);
  await server.printed('Ctrl-C');
  for (let i = 1; i <= count; i++) nodes.push(await startNode(i));
  await Promise.all(nodes.map(({ printed }) => printed('Ctrl-C')));
}, 120_000);

afterAll(async () => {
  for (const run of runs) await run.end();
  for (const ovs of switches) await ovs.stop();
  for (const netns of netnses) await netns.delete();
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

async function startNode(i: number): Promise<Running> {
  const site = await newNetns();
  const uplink = { netns: site, name: 'eth0', addresses: [`192.168.78.${i}/24`] };
  await joinByVeth(uplink, { netns: underlay, name: `n${i}`, addresses: [] });
  await underlay.ip(`link set n${i} master br0`);
  const address = { v4: `10.66.0.${i}`, v6: `fd66::${i}` };
  const args = ['up', '--name', `n${i}`, '--rendezvous', `ws://${rendezvous}:7788`, '--log-level', 'warn'];
  if (i > sites) {
    hosts.push({ netns: site, ...address, device: 'ringlet0' });
    const addresses = ['--address', `${address.v4}/24`, '--address', `${address.v6}/64`];
    return newRun(site).start([...args, ...addresses]);
  }
  const host = await newNetns();
  const end = { netns: host, name: 'eth0', addresses: [`${address.v4}/24`, `${address.v6}/64`] };
  await joinByVeth(end, { netns: site, name: 'leaf', addresses: [] });
  // Open vSwitch in user space neither finishes checksums nor cuts super-frames.
  await host.run('ethtool', '-K', 'eth0', 'tx', 'off');
  const ovs = await NetnsOvs.start(site);
  switches.push(ovs);
  await ovs.vsctl(
    'add-br',
    'br0',
    '--',
    'set',
    'Bridge',
    'br0',
    'datapath_type=netdev',
    '--',
    'add-port',
    'br0',
    'leaf',
  );
  hosts.push({ netns: host, ...address, device: 'eth0' });
  return newRun(site).start([...args, '--ovs', 'br0', '--ovs-database', ovs.database]);
}

const pings = (from: Host, to: string) =>
  from.netns.run('ping', '-n', '-q', '-c', '1', '-W', '2', to).then(
    () => true,
    () => false,
  );

describe(`${sites} Open vSwitches and ${plain} nodes of their own in one overlay`, () => {
  it('let every pair of hosts reach each other over IPv4 and IPv6', async () => {
    for (const from of hosts) {
      for (const to of hosts) {
        for (const address of [to.v4, to.v6]) {
          await expect.poll(() => pings(from, address), { timeout: 15_000 }).toBe(true);
        }
      }
    }
  }, 120_000);

  it('give every host each broadcast once', async () => {
    const broadcasts = 20;
    const heard = await Promise.all(
      hosts.map(async ({ netns, device }) => {
        const args = [
          'netns',
          'exec',
          netns.name,
          'tcpdump',
          '-n',
          '-l',
          '-A',
          '-Q',
          'in',
          '-i',
          device,
          'udp port 9999',
        ];
        const tcpdump = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
        let text = '';
        tcpdump.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1');
        });
        await new Promise<void>((resolve) =>
          tcpdump.stderr.on('data', (chunk) => /listening on/.test(String(chunk)) && resolve()),
        );
        return { tcpdump, text: () => text };
      }),
    );
    for (const [i, { netns }] of hosts.entries()) {
      const script = `
        const socket = require('node:dgram').createSocket('udp4');
        socket.bind(() => {
          socket.setBroadcast(true);
          let sent = 0;
          const timer = setInterval(() => {
            socket.send('<${i}/' + sent + '>', 9999, '10.66.0.255');
            if (++sent === ${broadcasts}) { clearInterval(timer); setTimeout(() => socket.close(), 50); }
          }, 5);
        });`;
      await netns.run(process.execPath, '-e', script);
    }
    const wanted = (self: number) =>
      hosts.flatMap((_, i) => (i === self ? [] : Array.from({ length: broadcasts }, (_, k) => `<${i}/${k}>`))).sort();
    for (const [self, { text, tcpdump }] of heard.entries()) {
      const got = () => [...text().matchAll(/<\d+\/\d+>/g)].map(([mark]) => mark).sort();
      await expect.poll(() => got().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(wanted(self).length);
      expect(got()).toEqual(wanted(self));
      tcpdump.kill();
      await once(tcpdump, 'exit');
    }
  }, 60_000);

  it('carry TCP between hosts of Open vSwitches, and from one to a TAP', async () => {
    for (const [from, to] of [
      [hosts[0]!, hosts[sites >> 1]!],
      [hosts[1]!, hosts[sites]!],
    ] as const) {
      const args = ['netns', 'exec', to.netns.name, 'iperf3', '-s', '-1', '--forceflush'];
      const server = spawn('ip', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(server.stdout, 'data');
      const sent = JSON.parse(await from.netns.run('iperf3', '-c', to.v4, '-t', '2', '-J'));
      expect(sent.end.sum_received.bytes).toBeGreaterThan(1e6);
      if (server.exitCode === null) await once(server, 'exit');
    }
  }, 60_000);

  it('leave each Open vSwitch as it was', async () => {
    for (const ovs of switches) expect(await ovs.vsctl('list-ports', 'br0')).toBe('leaf\nringlet0\n');
    for (const { process: node } of nodes) node.kill('SIGINT');
    for (const { finished } of nodes) expect(await finished).toMatchObject({ code: 0 });
    for (const ovs of switches) expect(await ovs.vsctl('list-ports', 'br0')).toBe('leaf\n');
  }, 60_000);
});
