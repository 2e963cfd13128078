import { askNode, type PeerReport, type StatusReport } from '../../../src/node/client.ts';
import { LabRun } from './lab-run.ts';
import { makeNetns, type Netns } from './netns.ts';

/** A node that runs in a namespace of its own, with its host's TAP `ringlet0`. */
export interface OverlayHost {
  readonly name: string;
  readonly netns: Netns;
  status(): Promise<StatusReport>;
  peers(): Promise<readonly PeerReport[]>;
}

/** Nodes on one underlay, each started by the command line. */
export interface RunningOverlay {
  readonly hosts: readonly OverlayHost[];
  /** One more node comes; resolves when all know of it. */
  join(flags: readonly string[]): Promise<OverlayHost>;
  stop(): Promise<void>;
}

const underlayHost = 254;
const underlayAddress = (host: number) => `192.168.79.${host}`;
const settleMs = 20_000;

/** `flags`: for each node, what `ringlet up` gets besides name, overlay and rendezvous. */
export async function startOverlay(flags: readonly (readonly string[])[]): Promise<RunningOverlay> {
  const underlay = await makeNetns();
  const runs = [new LabRun(underlay.name)];
  const namespaces = [underlay];
  const stop = async () => {
    await Promise.all(runs.map((run) => run.end()));
    await Promise.all(namespaces.map((netns) => netns.delete()));
  };
  try {
    await underlay.ip(
      'link add br0 type bridge',
      `address add ${underlayAddress(underlayHost)}/24 dev br0`,
      'link set br0 up',
    );
    const listen = `${underlayAddress(underlayHost)}:7788`;
    await runs[0]!.start(['rendezvous', '--listen', listen]).printed('Ctrl-C');
    const add = async (given: readonly string[], i: number): Promise<OverlayHost> => {
      const name = `n${i + 1}`;
      const netns = await makeNetns();
      const run = new LabRun(netns.name);
      namespaces.push(netns);
      runs.push(run);
      await underlay.ip(
        `link add ${name} type veth peer name eth0 netns ${netns.name}`,
        `link set ${name} master br0 up`,
      );
      await netns.ip(
        'link set eth0 addrgenmode none',
        `address add ${underlayAddress(i + 1)}/24 dev eth0`,
        'link set eth0 up',
      );
      const up = ['up', '--name', name, '--overlay', 'services', '--rendezvous', `ws://${listen}`];
      await run.start([...up, '--log-level', 'warn', ...given]).printed('Ctrl-C leaves');
      const { directory } = run;
      return {
        name,
        netns,
        status: () => askNode(directory, name, 'status'),
        peers: () => askNode(directory, name, 'peers'),
      };
    };
    const hosts = await Promise.all(flags.map(add));
    await settled(hosts);
    const join = async (given: readonly string[]) => {
      const host = await add(given, hosts.length);
      hosts.push(host);
      await settled(hosts);
      return host;
    };
    return { hosts, join, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function settled(hosts: readonly OverlayHost[]): Promise<void> {
  const end = performance.now() + settleMs;
  for (const { name, status } of hosts) {
    for (;;) {
      const { members, settled } = await status();
      if (members === hosts.length && settled) break;
      if (performance.now() > end) throw new Error(`${name} has not settled: ${JSON.stringify(await status())}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
