import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../netns/support/bridge-lab.ts';
import { OvsLab } from './support/ovs-lab.ts';
import { controllerStatus, RingletRun, ringlet } from './support/ringlet-run.ts';

let lab: OvsLab;
let controller: RingletRun | undefined;
const file = (name: string) => join(lab.folder, name);
const own = () => ['--private-key', file('ctl-privkey.pem'), '--certificate', file('ctl-cert.pem')];
const trusted = (authority: string) => ['--ca-cert', file(`pki/${authority}/cacert.pem`)];

const status = () => controllerStatus(lab.folder);

beforeAll(async () => {
  lab = await OvsLab.make();
  // ovs-pki writes where it is called.
  const pki = (...args: string[]) =>
    lab.run('sh', '-c', 'cd "$0" && "$@"', lab.folder, 'ovs-pki', '--dir=pki', '--log=pki.log', ...args);
  await pki('init');
  await pki('req+sign', 'ctl', 'controller');
  await pki('req+sign', 'sw', 'switch');
  await lab.addBridges(['br0'], 'protocols=OpenFlow13');
  await lab.vsctl('set-ssl', file('sw-privkey.pem'), file('sw-cert.pem'), file('pki/controllerca/cacert.pem'));
  await lab.vsctl('set-controller', 'br0', 'ssl:127.0.0.1:6653');
});
afterAll(() => lab?.end());
afterEach(() => controller?.stop());

test('a bridge with a certificate of ovs-pki is served over TLS 1.3', async () => {
  const listen = ['controller', '--listen', 'pssl:6653:127.0.0.1'];
  controller = await RingletRun.start(lab.netns.name, lab.folder, ...listen, ...own(), ...trusted('switchca'));
  await until(async () => (await status()).switches[0]?.state === 'connected', 20_000);
  expect((await status()).switches[0]).toMatchObject({ security: 'TLSv1.3', peer: expect.stringMatching(/^ssl:127/) });
});

test('a bridge whose certificate is of another authority is not', async () => {
  const listen = ['controller', '--listen', 'pssl:6653:127.0.0.1'];
  controller = await RingletRun.start(lab.netns.name, lab.folder, ...listen, ...own(), ...trusted('controllerca'));
  await controller.waitFor(/OpenFlow client refused/, 20_000);
  expect((await status()).switches).toEqual([]);
});

test.each([
  [['--listen', 'pssl:6654:127.0.0.1'], /pssl:6654:127\.0\.0\.1 needs --ca-cert/],
  [['--listen', 'pssl:6654:127.0.0.1', '--ca-cert', '/nowhere.pem'], /cannot read \/nowhere\.pem/],
  [['--listen', 'ptcp:6654:127.0.0.1', '--app', 'lerning'], /there is no app 'lerning'; there are: acl, learning/],
  [
    ['--listen', 'ptcp:6654:127.0.0.1', '--app', 'learning,acl', '--acl', '/dev/null'],
    /one app forwards, and it comes last/,
  ],
  [['--app', 'learning'], /no switch can get here; try --listen ptcp:6653/],
])('%j is refused in one line', async (args, message) => {
  const { code, stderr, stdout } = await ringlet(lab.folder, 'controller', ...args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^ringlet: .*\n$/);
});

test('a key that is not that of the certificate is refused in one line', async () => {
  const mixed = ['--private-key', file('ctl-privkey.pem'), '--certificate', file('sw-cert.pem')];
  const args = ['--listen', 'pssl:6654:127.0.0.1', ...mixed, ...trusted('switchca')];
  const { code, stderr } = await ringlet(lab.folder, 'controller', ...args);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ringlet: the key and certificates \(.*\) cannot be used: .*\n$/);
});
