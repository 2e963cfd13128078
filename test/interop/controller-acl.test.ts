import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../netns/support/bridge-lab.ts';
import { type LabHost, OvsLab } from './support/ovs-lab.ts';
import { controllerStatus, RingletRun, ringlet } from './support/ringlet-run.ts';

let lab: OvsLab;
let controller: RingletRun | undefined;

const start = (...args: string[]) =>
  RingletRun.start(lab.netns.name, lab.folder, 'controller', '--listen', 'ptcp:6653:127.0.0.1', ...args);

function acl(...lines: string[]): string {
  const file = join(lab.folder, 'rules.acl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const status = () => controllerStatus(lab.folder);

const settled = async () => {
  const [sw] = (await status()).switches;
  return sw?.state === 'connected' && sw.ports.filter(({ state }) => state === 'forwarding').length === 3;
};

const pings = ({ netns }: LabHost, address: string, ...args: string[]): Promise<boolean> =>
  netns.run('ping', '-n', '-c', '2', '-i', '0.2', '-W', '1', ...args, address).then(
    () => true,
    () => false,
  );

beforeAll(async () => {
  lab = await OvsLab.make();
  await lab.addBridges(['br0']);
  for (let i = 0; i < 3; i++) await lab.addHost('br0');
});
afterAll(() => lab?.end());
afterEach(() => controller?.stop('SIGKILL'));

test.each(['OpenFlow13', 'OpenFlow15'])('rules of a list hold in their order, in %s', async (protocol) => {
  const [a, b, c] = lab.hosts as [LabHost, LabHost, LabHost];
  const file = acl(
    'meter=1 pktps band=type=drop rate=1000   # plenty',
    '',
    'allow icmp,nw_src=10.50.0.1,nw_dst=10.50.0.2',
    'meter:1,mirror:3 icmp,nw_src=10.50.0.2,nw_dst=10.50.0.1',
    'switch=00000000000000ff drop',
    'drop icmp,in_port=1',
    'drop icmp6,icmp_type=128',
    'allow tcp,tp_dst=80,nw_dst=10.50.0.0/16',
    'allow dl_vlan=7,arp',
  );
  await lab.vsctl('set', 'bridge', 'br0', `protocols=${protocol}`);
  controller = await start('--app', 'acl,learning', '--acl', file);
  await lab.vsctl('set-controller', 'br0', 'tcp:127.0.0.1:6653');
  await until(settled);
  const watch = c.netns.run('timeout', '4', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', '1', 'icmp[0] = 0');
  await until(async () => (await c.netns.run('ss', '-0', '-a')).includes('eth0'));
  expect(await pings(a, b.address)).toBe(true);
  // The copy of an answer that is not for it.
  expect(await watch).toContain('10.50.0.2 > 10.50.0.1: ICMP echo reply');
  expect(await pings(a, c.address)).toBe(false);
  expect(await pings(b, c.address)).toBe(true);
  expect(await pings(b, c.address6)).toBe(false);
  expect((await status()).drops.errors).toBeUndefined();
  // One that comes after it finds everything as it should be.
  await controller.stop('SIGKILL');
  controller = await start('--app', 'acl,learning', '--acl', file);
  await until(settled, 20_000);
  expect((await status()).counters.flowMods).toBeUndefined();
  // With fewer rules, just those go.
  await controller.stop('SIGKILL');
  controller = await start('--app', 'acl,learning', '--acl', acl('drop icmp,in_port=2'));
  await until(settled, 20_000);
  expect(await pings(a, c.address)).toBe(true);
  expect(await pings(b, c.address)).toBe(false);
  await lab.vsctl('del-controller', 'br0');
});

test.each([
  [['drop tcp,tp_dst=23', 'allow ip,nw_src=10.0.0.300'], /rules\.acl:2:17: expected an IPv4 address/],
  [['  deny tcp'], /rules\.acl:1:3: 'deny' is not one of allow, drop, mirror:PORT, meter:ID/],
  [['allow', 'meter:4 udp'], /rules\.acl:2:1: there is no line meter=4/],
  [['drop tp_dst=80'], /rules\.acl:1:6: expected .* with tp_dst/],
  [['meter=1 kbps band=type=drop rate=x'], /rules\.acl:1:34: expected a number/],
])('%j is refused at the start, with its place', async (lines, message) => {
  const args = ['--listen', 'ptcp:6654:127.0.0.1', '--app', 'acl,learning', '--acl', acl(...lines)];
  const { code, stderr } = await ringlet(lab.folder, 'controller', ...args);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^ringlet: .*\n$/);
});
