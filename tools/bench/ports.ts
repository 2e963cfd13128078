/**
 * Ports of the bridge beside the kernel's own bridge: frames go from one port to the other and nothing else is done.
 *
 *   npm run bench -- ports [ROUNDS] [SECONDS]      as root; medians of ROUNDS (3), each measurement SECONDS (2) long
 */
import { EthernetPort, type FramePort, KernelTap, type Offload } from '../../src/tap/index.ts';
import { Hosts } from './hosts.ts';
import { machine, median } from './machine.ts';

/** A way to join the two hosts; resolves to what ends it. */
type Joint = (hosts: Hosts) => Promise<() => void>;

const bareVeth: Joint = async (hosts) => {
  await hosts.joinByVeth(true);
  return () => {};
};

const linuxBridge: Joint = async (hosts) => {
  await hosts.joinByVeth();
  await hosts.addBridge();
  return () => {};
};

const taps =
  (offload: Offload): Joint =>
  async (hosts) => {
    const open = (netns: string, address: string, last: number) =>
      KernelTap.open({
        name: 'eth0',
        netns: hosts.path(netns),
        mac: Uint8Array.of(2, 0, 0, 0, 0, last),
        mtu: 1500,
        addresses: [`${address}/24`],
        offload,
      });
    return join(await open(hosts.a, hosts.addresses.a, 1), await open(hosts.b, hosts.addresses.b, 2));
  };

const interfaces =
  (offload: 'cut' | 'headed'): Joint =>
  async (hosts) => {
    await hosts.joinByVeth();
    const open = (name: string) => new EthernetPort({ name, netns: hosts.path(hosts.middle), offload });
    return join(open('port-a'), open('port-b'));
  };

function join(a: FramePort, b: FramePort): () => void {
  const forward = (from: FramePort, to: FramePort) =>
    from.onFrames((frames) => (from.isHeaded ? to.sendHeaded(frames) : to.send(frames)));
  forward(a, b);
  forward(b, a);
  return () => {
    a.close();
    b.close();
  };
}

const JOINTS: Readonly<Record<string, Joint>> = {
  'bare veth pair': bareVeth,
  'Linux bridge': linuxBridge,
  'TAP, cut by the kernel': taps('kernel'),
  'TAP, cut in the addon': taps('cut'),
  'TAP, super-frames whole': taps('headed'),
  'veth, cut in the addon': interfaces('cut'),
  'veth, super-frames whole': interfaces('headed'),
};
/** The one that the others are compared with. */
const YARDSTICK = 'Linux bridge';

interface Figures {
  tcp: number;
  small: number;
  ping: number;
}

async function measure(hosts: Hosts, joint: Joint, seconds: number): Promise<Figures> {
  const end = await joint(hosts);
  try {
    await hosts.areJoined();
    return {
      tcp: await hosts.tcp(seconds),
      small: await hosts.smallFrames(seconds),
      ping: await hosts.ping(1),
    };
  } finally {
    end();
    await hosts.part();
  }
}

function show(figures: ReadonlyMap<string, readonly Figures[]>): void {
  const of = (name: string, key: keyof Figures) => median((figures.get(name) ?? []).map((row) => row[key]));
  console.log(
    `${''.padEnd(26)}${'TCP Mbit/s'.padStart(12)}${'ratio'.padStart(7)}${'64 B kpps'.padStart(12)}${'ratio'.padStart(7)}${'ping ms'.padStart(10)}`,
  );
  for (const name of figures.keys()) {
    const [tcp, small, ping] = [of(name, 'tcp'), of(name, 'small'), of(name, 'ping')];
    const ratio = (value: number, key: keyof Figures) => (value / of(YARDSTICK, key)).toFixed(2).padStart(7);
    console.log(
      `${name.padEnd(26)}${Math.round(tcp).toLocaleString('en').padStart(12)}${ratio(tcp, 'tcp')}` +
        `${small.toFixed(0).padStart(12)}${ratio(small, 'small')}${ping.toFixed(3).padStart(10)}`,
    );
  }
}

const [rounds = 3, seconds = 2] = process.argv.slice(3).map(Number);
console.log(`${machine()}\n`);
const hosts = new Hosts();
const figures = new Map<string, Figures[]>(Object.keys(JOINTS).map((name) => [name, []]));
try {
  await hosts.make();
  // Round by round, so that a noisy minute disturbs all alike.
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, joint] of Object.entries(JOINTS)) figures.get(name)?.push(await measure(hosts, joint, seconds));
  }
} finally {
  await hosts.remove();
}
show(figures);
