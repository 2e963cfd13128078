import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askNode } from '../../src/node/client.ts';
import { LabRun, type Running } from './support/lab-run.ts';
import { makeNetns, type Netns } from './support/netns.ts';
import { startNumbered } from './support/numbered.ts';
import { waitFor } from './support/wait.ts';

const exec = promisify(execFile);
/** The same on every overlay: keys, hence node ids and switch ids, and MAC and IP addresses of the hosts. */
const hosts = {
  shared: { mac: '02:00:00:00:02:01', ip: '10.204.0.1' },
  peer: { mac: '02:00:00:00:02:02', ip: '10.204.0.2' },
} as const;
type Host = keyof typeof hosts;
const overlays = ['home', 'work'] as const;
type Overlay = (typeof overlays)[number];
/** Of datagrams that are sent on this overlay only. */
const portOf: Record<Overlay, number> = { home: 5401, work: 5402 };

let underlay: Netns;
let run: LabRun;
let peers: Record<Overlay, Running>;
let spaces: Record<Overlay, Record<Host, Netns>>;
const namespaces: Netns[] = [];

async function newNetns(): Promise<Netns> {
  const netns = await makeNetns();
  namespaces.push(netns);
  return netns;
}

/** Takes a TAP from the namespace of its process to one of its own, where it becomes a host. */
async function moveTap(name: string, { mac, ip }: { mac: string; ip: string }): Promise<Netns> {
  const netns = await newNetns();
  await underlay.ip(`link set ${name} netns ${netns.name}`);
  await netns.ip(`link set ${name} name tap0 address ${mac}`, `address add ${ip}/24 dev tap0`, 'link set tap0 up');
  return netns;
}

/** One process with a node in both overlays, and a peer in each. */
beforeAll(async () => {
  underlay = await newNetns();
  // An address for links; that of the loopback serves none.
  await underlay.ip('link add br0 type bridge', 'address add 192.168.79.1/24 dev br0', 'link set br0 up');
  run = new LabRun(underlay.name);
  const url = (await run.start(['rendezvous', '--listen', '127.0.0.1:0']).printed('Ctrl-C')).match(/ws:\S+:\d+/)![0];
  const configOf = (host: Host, overlay: Overlay) => {
    const file = join(run.directory, `${host}-${overlay}.json`);
    const identity = join(run.directory, `${host}.pem`);
    const place = { overlay, rendezvous: url, tap: `${host}-${overlay}` };
    writeFileSync(file, JSON.stringify({ name: `${host}-${overlay}`, identity, ...place }));
    return ['--config', file];
  };
  const start = async (...configs: string[]) => {
    const running = run.start(['up', '--log-level', 'warn', ...configs]);
    await running.printed('Ctrl-C');
    return running;
  };
  await start(...overlays.flatMap((overlay) => configOf('shared', overlay)));
  peers = { home: await start(...configOf('peer', 'home')), work: await start(...configOf('peer', 'work')) };
  for (const overlay of overlays) await waitFor(async () => (await statusOf(overlay)).linksUp === 1, 15_000);
  const hostsOf = async (overlay: Overlay) => ({
    shared: await moveTap(`shared-${overlay}`, hosts.shared),
    peer: await moveTap(`peer-${overlay}`, hosts.peer),
  });
  spaces = { home: await hostsOf('home'), work: await hostsOf('work') };
}, 60_000);

afterAll(async () => {
  await run?.end();
  for (const netns of namespaces) await netns.delete();
});

/** Of the process that is in both. */
const statusOf = (overlay: Overlay) => askNode(run.directory, `shared-${overlay}`, 'status');

const ping = (overlay: Overlay) =>
  spaces[overlay].shared.run('ping', '-c', '1', '-W', '2', hosts.peer.ip).then(
    () => true,
    () => false,
  );

describe('overlays of one process, with the same ids, MAC and IP addresses in both', () => {
  it('never see a frame of each other', async () => {
    const sniffers = overlays.flatMap((overlay) =>
      Object.values(spaces[overlay]).map(({ name }) => {
        const watch = [
          'netns',
          'exec',
          name,
          'tcpdump',
          '-l',
          '-n',
          '-i',
          'tap0',
          `udp portrange ${portOf.home}-${portOf.work}`,
        ];
        const child = spawn('ip', watch, { stdio: ['ignore', 'pipe', 'pipe'] });
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (more: string) => {
          text += more;
        });
        const end = async () => {
          child.kill('SIGINT');
          await Promise.all([once(child, 'exit'), once(child.stdout, 'close')]);
          return text.trimEnd().split('\n');
        };
        return { overlay, end, listening: once(child.stderr, 'data') };
      }),
    );
    await Promise.all(sniffers.map(({ listening }) => listening));
    // Unicast to the other host, to nobody, to all, and to a group, from both hosts.
    const speak = `
      const [port, ...to] = process.argv.slice(1);
      const socket = require('node:dgram').createSocket('udp4');
      socket.bind(() => {
        socket.setBroadcast(true);
        for (let i = 0; i < 10; i++) for (const address of to) socket.send('x', port, address);
        setTimeout(() => socket.close(), 300);
      });
    `;
    for (const overlay of overlays) {
      for (const [from, to] of [
        ['shared', 'peer'],
        ['peer', 'shared'],
      ] as const) {
        const netns = spaces[overlay][from];
        await netns.ip(
          'route replace 239.0.0.0/8 dev tap0',
          'neighbour replace 10.204.0.9 lladdr 02:00:00:00:02:09 dev tap0',
        );
        const destinations = [hosts[to].ip, '10.204.0.9', '10.204.0.255', '239.204.0.1'];
        await netns.run(process.execPath, '-e', speak, `${portOf[overlay]}`, ...destinations);
      }
    }
    for (const { overlay, end } of sniffers) {
      const lines = await end();
      // Its own, and what the other host sent to it, to nobody, to all and to the group.
      // By bytes, one of each: datagrams one behind the other may come in as one super-frame.
      expect(lines.reduce((sum, line) => sum + Number(/length (\d+)/.exec(line)?.[1]), 0)).toBe(80);
      expect(lines.filter((line) => !line.includes(`.${portOf[overlay]}: `))).toEqual([]);
    }
  });

  it('have rules, sockets and counters of their own', async () => {
    const socket = (overlay: Overlay) => `unix:${join(run.directory, `shared-${overlay}.mgmt`)}`;
    const ofctl = (...args: string[]) => exec('ovs-ofctl', ['-O', 'OpenFlow13', ...args]);
    expect(await Promise.all(overlays.map(ping))).toEqual([true, true]);
    await ofctl('add-flow', socket('home'), 'table=0,priority=65535,actions=drop');
    expect(await Promise.all(overlays.map(ping))).toEqual([false, true]);
    const withIt = async (overlay: Overlay) =>
      (await askNode(run.directory, `shared-${overlay}`, 'flows')).filter((flow) => flow.includes('priority=65535'));
    expect(await withIt('home')).toHaveLength(1);
    expect(await withIt('work')).toEqual([]);
    await ofctl('--strict', 'del-flows', socket('home'), 'table=0,priority=65535');
    expect(await Promise.all(overlays.map(ping))).toEqual([true, true]);
  });

  it('are not disturbed when all links of the other one break', async () => {
    const flow = await startNumbered(
      { from: spaces.work.shared, to: spaces.work.peer, address: hosts.peer.ip },
      { perSecond: 500, bytes: 200 },
    );
    await delay(500);
    peers.home.process.kill('SIGKILL');
    await expect.poll(async () => (await statusOf('home')).linksUp, { timeout: 15_000 }).toBe(0);
    const { lost, doubled, sent } = await flow.stop();
    expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 });
    expect(sent).toBeGreaterThan(100);
    expect(await statusOf('work')).toMatchObject({ linksUp: 1, members: 2 });
  });
});
