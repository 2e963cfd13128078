/**
 * Ports of the bridge beside the kernel's own bridge: frames go from one port to the other and nothing else is done.
 *
 *   npm run bench -- ports [ROUNDS] [SECONDS]      as root; medians of ROUNDS (3), each measurement SECONDS (2) long
 */
import { EthernetPort, type FramePort, KernelTap, type Offload } from '../../src/tap/index.ts';
import { bareVeth, type Joint, type Joints, linuxBridge, measureJoints, showJoints } from './joints.ts';
import { machine } from './machine.ts';

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

const joints: Joints = {
  'bare veth pair': bareVeth,
  'Linux bridge': linuxBridge,
  'TAP, cut by the kernel': taps('kernel'),
  'TAP, cut in the addon': taps('cut'),
  'TAP, super-frames whole': taps('headed'),
  'veth, cut in the addon': interfaces('cut'),
  'veth, super-frames whole': interfaces('headed'),
};

const [rounds = 3, seconds = 2] = process.argv.slice(3).map(Number);
console.log(`${machine()}\n`);
showJoints(await measureJoints(joints, rounds, seconds), { 'Linux bridge': 'ratio' });
