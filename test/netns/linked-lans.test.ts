import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeNetns, type Netns } from './support/netns.ts';
import { type RunningOverlay, startOverlay } from './support/overlay.ts';

const sites = 3;
const hostsPerSite = 2;
const v4 = (i: number) => `10.202.0.${i + 1}`;
const v6 = (i: number) => `fd00:202::${i + 1}`;
/** Which site a host is at when the test begins. */
const siteOf = (i: number) => i % sites;
const broadcast = '10.202.0.255';
const mac = (i: number) => `02:02:02:00:00:0${i}`;

let overlay: RunningOverlay;
const hosts: Netns[] = [];

/** A host without a cable gets one to the LAN of a site. */
async function plugIn(host: number, site: number): Promise<void> {
  const [netns, gateway] = [hosts[host]!, overlay.hosts[site]!.netns];
  await netns.ip(`link add eth0 address ${mac(host)} type veth peer name lan${host} netns ${gateway.name}`);
  await netns.ip(
    ...[
      'link set eth0 addrgenmode none',
      `address add ${v4(host)}/24 dev eth0`,
      `address add ${v6(host)}/64 dev eth0 nodad`,
    ],
    'link set eth0 up',
  );
  await gateway.ip(`link set lan${host} master lan up`);
}

/** Whether one packet of `bytes`, headers of IP included, that must not be cut comes back. */
const answers = (from: number, to: string, bytes: number) =>
  hosts[from]!.run(
    'ping',
    '-n',
    '-c',
    '1',
    '-W',
    '3',
    '-M',
    'do',
    '-s',
    `${bytes - (to.includes(':') ? 48 : 28)}`,
    to,
  ).then(
    () => true,
    () => false,
  );

beforeAll(async () => {
  overlay = await startOverlay(Array.from({ length: sites }, () => ['--mtu', '1500']));
  for (const { netns } of overlay.hosts) {
    await netns.ip(
      'link add lan type bridge',
      'link set lan addrgenmode none',
      'link set lan up',
      'link set ringlet0 master lan',
    );
  }
  for (let i = 0; i < sites * hostsPerSite; i++) {
    hosts.push(await makeNetns());
    await plugIn(i, siteOf(i));
  }
});
afterAll(async () => {
  await Promise.all(hosts.map((netns) => netns.delete()));
  await overlay?.stop();
});

describe(`${sites} LANs, linked by a node in the bridge of each`, () => {
  it('are one: every host reaches every other with packets of 1500 bytes', async () => {
    for (const from of hosts.keys()) {
      for (const to of hosts.keys()) {
        if (from === to) continue;
        for (const address of [v4(to), v6(to)]) {
          for (const bytes of [100, 1500])
            expect([from, address, bytes, await answers(from, address, bytes)]).toContain(true);
        }
      }
    }
  });

  it('give every host each broadcast once, and none back to its sender', async () => {
    const count = 100;
    const ears = await Promise.all(hosts.map(listen));
    await hosts[0]!.run(process.execPath, '-e', shouting, `${count}`);
    const heard = await Promise.all(ears.map((each) => each.end()));
    const all = Array.from({ length: count }, (_, i) => i);
    // The sender hears itself by its own loopback, and nothing from the network.
    for (const numbers of heard) expect(numbers.sort((a, b) => a - b)).toEqual(all);
  });

  it('find a host that was moved to another LAN from its first frame on', async () => {
    const mover = 0;
    await overlay.hosts[siteOf(mover)]!.netns.ip(`link delete lan${mover}`);
    await plugIn(mover, siteOf(mover) + 1);
    const others = [...hosts.keys()].filter((host) => host !== mover);
    expect(await answers(mover, v4(others[0]!), 100)).toBe(true);
    for (const host of others) expect([host, await answers(host, v4(mover), 1500)]).toContain(true);
  });
});

const shouting = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.bind(0, () => {
    socket.setBroadcast(true);
    let sent = 0;
    const timer = setInterval(() => {
      socket.send(String(sent++), 5202, '${broadcast}');
      if (sent < Number(process.argv[1])) return;
      clearInterval(timer);
      setTimeout(() => socket.close(), 50);
    }, 5);
  });
`;
const listening = `
  const socket = require('node:dgram').createSocket('udp4');
  const heard = [];
  socket.on('message', (message) => heard.push(Number(message)));
  socket.bind(5202, '${broadcast}', () => console.log('listening'));
  process.on('SIGTERM', () => { console.log(JSON.stringify(heard)); socket.close(); });
`;

/** Hears broadcasts; `end` waits for what is under way. */
async function listen(netns: Netns): Promise<{ end(): Promise<number[]> }> {
  const command = ['netns', 'exec', netns.name, process.execPath, '-e', listening];
  const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    end: async () => {
      await new Promise((resolve) => setTimeout(resolve, 700));
      const printed = once(child.stdout, 'data');
      child.kill('SIGTERM');
      const [text] = await printed;
      await once(child, 'close');
      return JSON.parse(String(text));
    },
  };
}
