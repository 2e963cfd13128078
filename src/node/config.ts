/** Configuration of a node: one declaration gives type, defaults, texts and errors. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { EtherType } from '../../switch/packet/index.ts';
import { demandModes, parseNodeId, policyNames } from '../../topology/index.ts';
import { defaultStormLimits, fencedKinds, type OverlaySettings, unknownPolicies } from '../controller/index.ts';
import { NodeError } from './errors.ts';

const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, 'letters, digits, dots and dashes, 63 at most');

const prefixed = z.string().refine((text) => {
  const [address = '', length = '', ...rest] = text.split('/');
  const family = isIP(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return rest.length === 0 && family !== 0 && bits >= 0 && bits <= (family === 4 ? 32 : 128);
}, 'an address with its prefix length, such as 10.77.0.1/24 or fd77::1/64');

const noRendezvous =
  "none to find other nodes at: give --rendezvous ws://HOST:7788, the address of a 'ringlet rendezvous', or set it in --config";

const url = z.string({ error: ({ input }) => (input === undefined ? noRendezvous : undefined) }).refine((text) => {
  try {
    return ['ws:', 'wss:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}, 'a WebSocket address, such as ws://192.0.2.1:7788');

export const listenAddress = z.string().transform((text, context) => {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'HOST:PORT, such as 127.0.0.1:6653 or [::1]:6653' });
    return z.NEVER;
  }
  return { host: (match[1] ?? match[2])!, port };
});

const kilobits = (what: string) => z.number().int().min(0).max(100_000_000).describe(`kbit/s ${what}; 0: no limit`);

const framesPerSecond = (what: string) =>
  z.number().int().min(0).max(1_000_000).describe(`frames a second of ${what} that one host may send; 0: no limit`);

/** The largest IP packet that fits one datagram of a link: 1376 - 20 (link header) - 14 (Ethernet), less a VLAN tag. */
export const defaultMtu = 1330;

/** As what frames of floods are taken by nobody else. */
const taken: readonly number[] = [
  EtherType.ARP,
  EtherType.IPV4,
  EtherType.IPV6,
  EtherType.VLAN,
  EtherType.SERVICE_VLAN,
];

const etherType = z
  .string()
  .regex(/^0x[0-9a-f]{4}$/, 'an EtherType: 0x and four lower-case hex digits')
  .transform(Number)
  .refine(
    (type) => type >= 0x0600 && !taken.includes(type),
    'an EtherType from 0x0600 up, other than ARP, IP and VLAN',
  );

/** As people write ids: in capitals, and with dashes in between as well. */
const nodeId = z.string().transform((text, context) => {
  const id = parseNodeId(text.replaceAll('-', '').toLowerCase());
  if (id !== undefined) return id;
  context.addIssue({ code: 'custom', message: 'a node id: 32 hex digits' });
  return z.NEVER;
});

/** What hosts on an Open vSwitch send; larger than one datagram of a link, but it has to fit. */
const ovsMtu = 1500;
const ovsDatabase = 'unix:/var/run/openvswitch/db.sock';

/** Of a TAP. */
export const maxMtu = 9000;

const nodeKeys = z.strictObject({
  name: label.describe('what people call this node'),
  overlay: label.describe('the overlay to join; nodes of another one are never seen').default('default'),
  rendezvous: url.describe('where nodes of the overlay find each other'),
  tap: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,15}$/, 'an interface name: 15 letters, digits, dots, dashes at most')
    .describe('name of the TAP interface')
    .default('ringlet0'),
  addresses: z.array(prefixed).max(16).describe('addresses of the TAP').default([]),
  mtu: z
    .number()
    .int()
    .min(1280)
    .max(maxMtu)
    .describe(`MTU of the TAP; without it ${defaultMtu}, or ${ovsMtu} with ovs`)
    .optional(),
  ovs: z
    .string()
    .regex(/^[^\s/:,]{1,15}$/, 'the name of a bridge, such as br0')
    .describe('bridge of an Open vSwitch that becomes the switch of the node; made if it is not there')
    .optional(),
  ovsDatabase: z
    .string()
    .regex(/^(unix:.+|tcp:.+:\d{1,5})$/, 'unix:PATH or tcp:HOST:PORT, such as unix:/var/run/openvswitch/db.sock')
    .describe("where that Open vSwitch's database is: unix:PATH or tcp:HOST:PORT")
    .default(ovsDatabase),
  identity: z
    .string()
    .describe('file of the node key; made when it is missing. Without it the key lasts for one run')
    .optional(),
  linkRate: kilobits('that one link carries of frames for other nodes; what exceeds it is dropped').default(0),
  linkRemark: kilobits('above which the drop precedence in the DSCP of such frames is raised').default(0),
  stormBroadcast: framesPerSecond('broadcast').default(defaultStormLimits.broadcast),
  stormMulticast: framesPerSecond('multicast').default(defaultStormLimits.multicast),
  stormUnknownUnicast: framesPerSecond('unicast to unknown hosts').default(defaultStormLimits.unknownUnicast),
  unknownUnicast: z
    .enum(unknownPolicies)
    .describe(
      'what becomes of unicast to a host that this node has not heard of: the directory of the overlay is asked where it is, and what it ' +
        'does not know is flooded (directory) or dropped (drop); or nobody is asked, and all of it is flooded (flood)',
    )
    .default('directory'),
  fence: z
    .array(z.enum(fencedKinds))
    .max(fencedKinds.length)
    .describe('conversations that neither leave nor enter this site: dhcp, dhcpv6, ra (router advertisements)')
    .default([]),
  arpNdProxy: z.boolean().describe('answer for hosts elsewhere who has an address, when that is known').default(true),
  multicastSnooping: z.boolean().describe('send multicast where it has members, when they are known').default(true),
  multicastQuerier: z.boolean().describe('ask for members of groups where no router does').default(false),
  floodEtherType: etherType
    .describe('EtherType of bounded floods, the same on every node of the overlay')
    .prefault('0x88b5'),
  policy: z
    .enum(policyNames)
    .describe(
      'which links the node wants: a ring with shortcuts (symphony), with fingers (chord), with every node (all-to-all), ' +
        'with those of `peers` only (social), with those of `peers` and whoever wants one (static)',
    )
    .default('symphony'),
  successors: z.number().int().min(1).max(8).describe('next nodes on the ring that it links to').default(2),
  longLinks: z
    .number()
    .int()
    .min(1)
    .max(64)
    .describe('shortcuts that it makes. Without it: as many as the binary logarithm of the number of nodes')
    .optional(),
  peers: z.array(nodeId).max(256).describe('node ids for the policies social and static').default([]),
  demand: z
    .enum(demandModes)
    .describe(
      'when it makes a link with a node for the traffic that it sends there: above 1 Mbit/s on average (on-demand), for any ' +
        '(proactive), never (off). Such a link outlives its traffic by five minutes',
    )
    .default('on-demand'),
  openflow: listenAddress.describe('TCP address where OpenFlow controllers and tools may connect').optional(),
});

export const nodeConfig = nodeKeys
  .refine(({ ovs, addresses }) => ovs === undefined || addresses.length === 0, {
    path: ['addresses'],
    message: 'with ovs, the TAP is a port: give addresses to the bridge (ip address add ... dev BRIDGE)',
  })
  .refine(({ ovs, openflow }) => ovs === undefined || openflow === undefined, {
    path: ['openflow'],
    message: 'with ovs, tools and controllers reach the bridge as any other of Open vSwitch (ovs-ofctl ... BRIDGE)',
  })
  .refine(({ ovs, linkRemark }) => ovs === undefined || linkRemark === 0, {
    path: ['linkRemark'],
    message: 'the meters of Open vSwitch drop, and raise no drop precedence: with ovs, there is linkRate only',
  })
  .transform((keys) => ({ ...keys, mtu: keys.mtu ?? (keys.ovs === undefined ? defaultMtu : ovsMtu) }));

export type NodeConfig = z.output<typeof nodeConfig>;

/** What the controller of a node is told. */
export function overlaySettings(config: NodeConfig): OverlaySettings {
  const { stormBroadcast: broadcast, stormMulticast: multicast, stormUnknownUnicast: unknownUnicast } = config;
  const { fence, arpNdProxy, multicastSnooping, multicastQuerier, floodEtherType, unknownUnicast: unknown } = config;
  const storm = { broadcast, multicast, unknownUnicast };
  const links = { rate: config.linkRate, remark: config.linkRemark };
  return {
    storm,
    links,
    fence,
    arpNdProxy,
    multicastSnooping,
    multicastQuerier,
    floodEtherType,
    unknownUnicast: unknown,
  };
}

/** Throws a NodeError with one line for each wrong key. */
export function parseNodeConfig(input: unknown): NodeConfig {
  const result = nodeConfig.safeParse(input);
  if (result.success) return Object.freeze(result.data);
  const lines = result.error.issues.map((issue) => `${issue.path.join('.') || 'configuration'}: ${issue.message}`);
  throw new NodeError('NODE_CONFIG', lines.join('\n'));
}
