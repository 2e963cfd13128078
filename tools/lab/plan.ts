import { createHash } from 'node:crypto';

export interface PlannedNode {
  readonly name: string;
  readonly namespace: string;
  readonly underlayAddress: string;
  /** Addresses of the host behind the node's TAP. */
  readonly v4: string;
  readonly v6: string;
  readonly mac: Uint8Array;
}

export interface LabPlan {
  /** All namespaces of this lab, and of no other, begin with it. */
  readonly prefix: string;
  readonly underlay: { readonly namespace: string; readonly rendezvous: string };
  readonly nodes: readonly PlannedNode[];
}

/** Lines for one run of `ip [-n namespace] -batch -`. */
export interface IpBatch {
  readonly namespace: string | undefined;
  readonly lines: readonly string[];
}

const rendezvousPort = 7788;
const underlay = (host: number) => `192.168.77.${host}`;
const rendezvousHost = 254;

/**
 * Hosts are 10.77.0.i and fd77::i on the overlay, 192.168.77.i on the underlay. Namespaces are named after the run
 * directory, so that labs in different ones never meet.
 */
export function planLab(runDirectory: string, count: number): LabPlan {
  const prefix = `ringlet-${createHash('sha256').update(runDirectory).digest('hex').slice(0, 6)}-`;
  return {
    prefix,
    underlay: { namespace: `${prefix}net`, rendezvous: `${underlay(rendezvousHost)}:${rendezvousPort}` },
    nodes: Array.from({ length: count }, (_, k) => {
      const i = k + 1;
      return {
        name: `n${i}`,
        namespace: `${prefix}n${i}`,
        underlayAddress: underlay(i),
        v4: `10.77.0.${i}`,
        v6: `fd77::${i}`,
        // Locally administered.
        mac: Uint8Array.of(0x02, 0x00, 10, 77, 0, i),
      };
    }),
  };
}

/** An address on the overlay that no host has: asking for it is a broadcast that reaches everybody. */
export const unusedAddress = '10.77.0.254';

/**
 * The underlay: a bridge in a namespace, and a veth pair from it to each node's namespace. No interface is made outside
 * of them, so that deleting the namespaces removes everything. The first batch makes the namespaces, the second the
 * links between them; the others do not depend on each other.
 */
export function setUpBatches({ underlay: net, nodes }: LabPlan): IpBatch[] {
  const [host] = net.rendezvous.split(':');
  return [
    { namespace: undefined, lines: [net, ...nodes].map(({ namespace }) => `netns add ${namespace}`) },
    {
      namespace: net.namespace,
      lines: [
        'link set lo up',
        'link add br0 type bridge',
        `address add ${host}/24 dev br0`,
        'link set br0 up',
        ...nodes.flatMap(({ name, namespace }) => [
          `link add ${name} type veth peer name eth0 netns ${namespace}`,
          `link set ${name} master br0 up`,
        ]),
      ],
    },
    ...nodes.map(({ namespace, underlayAddress }) => ({
      namespace,
      lines: [
        'link set lo up',
        // The underlay has one subnet, IPv4: no address of its own making.
        'link set eth0 addrgenmode none',
        `address add ${underlayAddress}/24 dev eth0`,
        'link set eth0 up',
      ],
    })),
  ];
}

export function cleanUpBatch(namespaces: readonly string[]): IpBatch {
  return { namespace: undefined, lines: namespaces.map((name) => `netns delete ${name}`) };
}

/** Arguments of `ringlet` for one node of the lab. */
export function nodeArguments(node: PlannedNode, plan: LabPlan, logLevel: string): string[] {
  return [
    'up',
    ...['--name', node.name, '--overlay', 'lab', '--rendezvous', `ws://${plan.underlay.rendezvous}`],
    ...['--address', `${node.v4}/24`, '--address', `${node.v6}/64`],
    ...['--log-level', logLevel],
  ];
}
