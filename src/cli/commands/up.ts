import { hostname } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { NodeConfig, RunningNode } from '../../node/index.ts';
import { readConfigFile } from '../config-file.ts';
import { CliError, Interrupted } from '../errors.ts';
import { aborted, tellParent, untilToldToEnd } from '../lifetime.ts';
import { logLevelOption } from '../log-level.ts';
import { say, sayError } from '../output.ts';

/** As commander reads them: what was not given is not there. */
export interface UpOptions {
  readonly config?: readonly string[];
  readonly logLevel: string;
  readonly name?: string;
  readonly overlay?: string;
  readonly rendezvous?: string;
  readonly tap?: string;
  readonly address?: readonly string[];
  readonly mtu?: number;
  readonly ovs?: string;
  readonly ovsDatabase?: string;
  readonly identity?: string;
  readonly openflow?: string;
  readonly policy?: string;
  readonly successors?: number;
  readonly longLinks?: number;
  readonly peer?: readonly string[];
  readonly demand?: string;
  readonly linkRate?: number;
  readonly linkRemark?: number;
  readonly stormBroadcast?: number;
  readonly stormMulticast?: number;
  readonly stormUnknownUnicast?: number;
  readonly unknownUnicast?: string;
  readonly fence?: readonly string[];
  /** True as well when nothing was said: there is a flag to say no, and none to say yes. */
  readonly arpNdProxy?: boolean;
  readonly multicastSnooping?: boolean;
  readonly multicastQuerier?: true;
  readonly floodEtherType?: string;
}

const examples = `
Examples:
  ringlet up --rendezvous ws://192.0.2.1:7788 --address 10.77.0.1/24 --address fd77::1/64
  ringlet up --config node.json --openflow 127.0.0.1:6653
  ringlet up --config home.json --config work.json
  ringlet up --rendezvous ws://192.0.2.1:7788 --ovs br0
  ringlet up --rendezvous ws://192.0.2.1:7788 --policy all-to-all

A file of --config is JSON with the names of the flags; flags win over it:
  { "name": "attic", "rendezvous": "ws://192.0.2.1:7788", "addresses": ["10.77.0.1/24"] }`;

export function command(): Command {
  return new Command('up')
    .summary('run a node of an overlay')
    .description(
      'Runs a node: a TAP interface, a switch, and links to its neighbours. Ctrl-C leaves the overlay; twice, at once.',
    )
    .option(
      '--config <file>',
      'JSON file with the names of these flags; several for a node in each of several overlays',
      collect,
    )
    .option('--name <name>', "what people call this node (default: the machine's name)")
    .option('--overlay <name>', 'the overlay to join (default: default)')
    .option('--rendezvous <url>', 'where nodes find each other, such as ws://192.0.2.1:7788')
    .option('--tap <interface>', 'name of the TAP interface (default: ringlet0)')
    .option('--address <address/length>', 'address of the TAP; may be given more than once', collect)
    .option('--mtu <bytes>', 'MTU of the TAP (default: as large as fits one datagram of a link)', integer)
    .option('--ovs <bridge>', 'bridge of Open vSwitch that is the switch of the node; made when missing')
    .option('--ovs-database <target>', 'where its database is (default: unix:/var/run/openvswitch/db.sock)')
    .option('--identity <file>', "file of the node's key, made when missing (default: a key for this run)")
    .option('--policy <name>', 'links: symphony, chord, all-to-all, social or static (default: symphony)')
    .option('--successors <number>', 'next nodes on the ring that it links to (default: 2)', integer)
    .option('--long-links <number>', 'shortcuts that it makes (default: log2 of the number of nodes)', integer)
    .option('--peer <node id>', 'whom social and static link to; may be given more than once', collect)
    .option('--demand <mode>', 'links for traffic: on-demand, proactive or off (default: on-demand)')
    .option(
      '--link-rate <kbits>',
      'kbit/s that one link carries of frames for other nodes (default: 0, no limit)',
      integer,
    )
    .option(
      '--link-remark <kbits>',
      'kbit/s above which their drop precedence is raised (default: 0, no limit)',
      integer,
    )
    .option(
      '--storm-broadcast <frames>',
      'broadcast a second that the host may send (default: 500; 0: no limit)',
      integer,
    )
    .option('--storm-multicast <frames>', 'multicast a second (default: 2000; 0: no limit)', integer)
    .option('--storm-unknown-unicast <frames>', 'frames a second to unknown hosts (default: 500; 0: no limit)', integer)
    .option('--unknown-unicast <what>', 'frames to unknown hosts: directory, flood or drop (default: directory)')
    .option('--fence <kind>', 'dhcp, dhcpv6 or ra: stays at this site; may be given more than once', collect)
    .option('--no-arp-nd-proxy', 'do not answer ARP and neighbour discovery for hosts elsewhere')
    .option('--no-multicast-snooping', 'flood all multicast')
    .option('--multicast-querier', 'ask for members of multicast groups where no router does')
    .option('--flood-ether-type <0x....>', 'EtherType of bounded floods, the same everywhere (default: 0x88b5)')
    .option('--openflow <host:port>', 'where OpenFlow controllers and tools may connect over TCP')
    .addOption(logLevelOption('info'))
    .addHelpText('after', examples)
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const { ending, hurry } = untilToldToEnd();
  const inputs = configsOf(options);
  const { makeLogger } = await import('../logger.ts');
  const { parseNodeConfig, runDirectory, startNode } = await import('../../node/index.ts');
  const configs = inputs.map(parseNodeConfig);
  const log = makeLogger(options.logLevel);
  const directory = runDirectory(process.env);
  const running = new Set<RunningNode>();
  const stop = () => Promise.all([...running].map((node) => node.stop()));
  try {
    for (const config of configs) {
      const node = await startNode(config, { runDirectory: directory, log: log.child({ overlay: config.overlay }) });
      running.add(node);
      say(`ringlet: ${node.name} is up on ${placeOf(config)}, node ${node.nodeId.slice(0, 10)}, Ctrl-C leaves`);
      tellParent({ type: 'up', nodeId: node.nodeId });
    }
    const reason = await Promise.race([aborted(ending), allFailed(running)]);
    if (!(reason instanceof Interrupted)) throw reason;
  } finally {
    await Promise.race([stop(), aborted(hurry)]);
  }
}

function placeOf({ tap, addresses, ovs }: NodeConfig): string {
  if (ovs !== undefined) return `${ovs} of Open vSwitch`;
  return addresses.length > 0 ? `${tap} (${addresses.join(', ')})` : tap;
}

/** One overlay does not end another: resolves to the last error once no node is of use any more. */
async function allFailed(running: Set<RunningNode>): Promise<Error> {
  const failed = [...running].map(async (node) => {
    const error = await node.failed;
    if (running.size > 1) {
      running.delete(node);
      sayError(`${node.name}: ${error.message}`);
      await node.stop();
    }
    return error;
  });
  return (await Promise.all(failed)).at(-1)!;
}

/** What each file says and the flags override, in the shape that `parseNodeConfig` checks. */
export function configsOf({
  config: files = [],
  logLevel: _,
  address,
  peer,
  arpNdProxy,
  multicastSnooping,
  ...flags
}: UpOptions): Record<string, unknown>[] {
  const given = {
    ...flags,
    ...(address === undefined ? {} : { addresses: address }),
    ...(peer === undefined ? {} : { peers: peer }),
    ...(arpNdProxy === false ? { arpNdProxy } : {}),
    ...(multicastSnooping === false ? { multicastSnooping } : {}),
  };
  const [key] = Object.keys(given);
  if (files.length > 1 && key !== undefined) {
    const text = `${flagOf(key)} is for one node, but there are ${files.length} files: set it in them`;
    throw new CliError('CLI_SEVERAL_NODES', text);
  }
  const inputs = files.length > 0 ? files.map(readConfigFile) : [{}];
  return inputs.map((input) => ({ name: hostname(), ...input, ...given }));
}

const unlikeTheirKeys: Readonly<Record<string, string>> = {
  addresses: '--address',
  peers: '--peer',
  arpNdProxy: '--no-arp-nd-proxy',
  multicastSnooping: '--no-multicast-snooping',
};

/** What sets a key of the configuration. */
function flagOf(key: string): string {
  return unlikeTheirKeys[key] ?? `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}
