import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askNode } from '../../src/node/client.ts';
import { LabRun } from './support/lab-run.ts';
import { makeNetns, type Netns } from './support/netns.ts';

const tap = 'ringlet0';
let netns: Netns;
let run: LabRun;
let url: string;
beforeEach(async () => {
  netns = await makeNetns();
  run = new LabRun(netns.name);
  const text = await run.start(['rendezvous', '--listen', '127.0.0.1:0']).printed('Ctrl-C');
  url = text.match(/ws:\/\/[\d.:]+/)![0];
});
afterEach(async () => {
  await run.end();
  await netns.delete();
});

const hasTap = async () => (await netns.run('ip', '-o', 'link')).includes(tap);
const up = (...args: string[]) => ['up', '--name', 'attic', '--rendezvous', url, ...args];

describe('ringlet up', () => {
  it('says that it is up, is alone in its run directory, and leaves on Ctrl-C', async () => {
    const { process: child, finished, printed } = run.start(up('--address', '10.201.77.1/24', '--log-level', 'info'));
    expect(await printed('Ctrl-C')).toMatch(
      new RegExp(`^ringlet: attic is up on ${tap} \\(10\\.201\\.77\\.1/24\\), node [0-9a-f]{10}, Ctrl-C leaves\\n$`),
    );
    expect(await hasTap()).toBe(true);
    // Just one node runs here: it need not be named.
    expect((await run.run(['status'])).stdout).toMatch(/^node +attic {2}[0-9a-f]{32}\n/);
    expect((await run.run(up())).stderr).toMatch(/^ringlet: .*attic.*--name/m);
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect(code).toBe(0);
    for (const line of stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: 30 });
    expect(await hasTap()).toBe(false);
    expect(readdirSync(run.directory)).toEqual([]);
  });

  it('reads its configuration from a file, over which flags win', async () => {
    const file = join(run.directory, 'node.json');
    const config = { name: 'attic', rendezvous: url, tap, addresses: ['10.201.77.2/24'], overlay: 'file', mtu: 1300 };
    writeFileSync(file, JSON.stringify(config));
    const { printed } = run.start(['up', '--config', file, '--overlay', 'flag', '--log-level', 'warn']);
    await printed('Ctrl-C');
    expect(await askNode(run.directory, 'attic', 'status')).toMatchObject({
      name: 'attic',
      overlay: 'flag',
      tap: { name: tap, mtu: 1300, addresses: ['10.201.77.2/24'] },
    });
    writeFileSync(file, JSON.stringify({ ...config, adresses: [] }));
    expect(await run.run(['up', '--config', file])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ringlet: .*adresses.*\n$/),
    });
  });

  it('runs a node in each of several overlays, apart from each other', async () => {
    const nodes = ['home', 'work'].map((overlay, i) => {
      const node = { name: `${overlay}-node`, overlay, rendezvous: url, tap: `rgt-${overlay}` };
      const config = { ...node, addresses: [`10.201.${78 + i}.1/24`], openflow: `127.0.0.1:${7660 + i}` };
      const file = join(run.directory, `${overlay}.json`);
      writeFileSync(file, JSON.stringify(config));
      return { ...config, file };
    });
    const { process: child, finished } = run.start(['up', ...nodes.flatMap(({ file }) => ['--config', file])]);
    const others = nodes.map(({ overlay, rendezvous }, i) => {
      const tapOf = ['--tap', `rgt-peer${i}`, '--address', `10.201.${78 + i}.2/24`];
      return run.start(['up', '--name', `${overlay}-peer`, '--overlay', overlay, '--rendezvous', rendezvous, ...tapOf]);
    });
    await Promise.all(others.map(({ printed }) => printed('Ctrl-C')));
    for (const { name, overlay, tap: device } of nodes) {
      await expect
        .poll(async () => (await askNode(run.directory, name, 'peers')).map((peer) => peer.name), { timeout: 15_000 })
        .toEqual([`${overlay}-peer`]);
      expect(await askNode(run.directory, name, 'status')).toMatchObject({
        overlay,
        tap: { name: device },
        members: 2,
      });
    }
    // The interface of one overlay goes, and the other overlay goes on.
    await netns.ip('link delete rgt-home');
    await expect.poll(() => readdirSync(run.directory)).not.toContain('home-node.sock');
    expect(await askNode(run.directory, 'work-node', 'status')).toMatchObject({ overlay: 'work', members: 2 });
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^ringlet: home-node: .*'rgt-home' was deleted$/m)]);
  });

  it('leaves when the parent that holds its lifeline is gone', async () => {
    const { process: child, finished, printed } = run.start(up(), { lifeline: true });
    await printed('Ctrl-C');
    child.disconnect();
    expect((await finished).code).toBe(0);
    expect(await hasTap()).toBe(false);
  });

  it('ends in one line when its interface is deleted', async () => {
    const { finished, printed } = run.start(up('--log-level', 'error'));
    await printed('Ctrl-C');
    await netns.ip(`link delete ${tap}`);
    const { code, stderr } = await finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ringlet: .*'${tap}' was deleted\\n$`));
    expect(readdirSync(run.directory)).toEqual([]);
  });

  it.each([
    ['a rendezvous that is not there', ['--rendezvous', 'ws://127.0.0.1:1'], /rendezvous at ws:\/\/127\.0\.0\.1:1/],
    ['an interface that is something else', ['--tap', 'lo'], /'lo' is in use/],
    ['an OpenFlow port that is not ours', ['--openflow', '192.0.2.1:6653'], /192\.0\.2\.1:6653/],
  ])('refuses %s in one line, and leaves nothing', async (_, args, message) => {
    const { code, stdout, stderr } = await run.run(up('--log-level', 'warn', ...args));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^ringlet: .*\n$/);
    expect(await hasTap()).toBe(false);
    expect(readdirSync(run.directory)).toEqual([]);
  });

  it('needs the right to make a TAP, and says so', async () => {
    const environment = { RINGLET_RUNDIR: run.openToAll() };
    const { code, stderr } = await run.run(up('--log-level', 'warn'), { uid: 65_534, environment });
    expect([code, stderr]).toEqual([1, `ringlet: '${tap}' needs root or CAP_NET_ADMIN: run with sudo\n`]);
  });
});
