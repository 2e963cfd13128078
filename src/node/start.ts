import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { vlanTagLength } from '../../switch/packet/index.ts';
import { controlSocket, createControlServer, makeRunDirectory, managementSocket } from '../control/index.ts';
import { labelsLength } from '../controller/index.ts';
import { Identity } from '../identity/index.ts';
import { type Closers, withStop } from '../lib/closers.ts';
import { accepts, listen } from '../lib/listen.ts';
import { systemClock } from '../lib/system-clock.ts';
import { createOpenFlowServer } from '../openflow/index.ts';
import { RendezvousClient } from '../signal/index.ts';
import { type FramePort, KernelTap, type PausablePort } from '../tap/index.ts';
import { type LibraryLog, RtcTunnelFactory } from '../tunnel/index.ts';
import { answersOf } from './answers.ts';
import { maxMtu, type NodeConfig, overlaySettings } from './config.ts';
import { NodeError } from './errors.ts';
import { OverlayNode } from './node.ts';
import type { SwitchCore } from './node-switch.ts';
import { OvsSwitch } from './ovs-switch.ts';
import { OwnSwitch } from './own-switch.ts';

export interface StartOptions {
  readonly runDirectory: string;
  readonly log: Logger;
  /** Instead of a TAP of the kernel; it is closed with the node. */
  readonly tap?: PausablePort;
}

export interface RunningNode {
  readonly name: string;
  /** 32 hex digits. */
  readonly nodeId: string;
  /** Resolves to what ended the node's usefulness while it ran: its TAP is gone. It is to be stopped then. */
  readonly failed: Promise<Error>;
  /** Leaves the overlay and takes down all that was made. Idempotent. */
  stop(): Promise<void>;
}

/** The longest frame that any TAP of an overlay takes, with a VLAN tag and the labels of its way. */
const linkTapMtu = maxMtu + vlanTagLength + labelsLength;

/** Brings a node up: TAP, links, rendezvous, sockets. What fails throws an error with a `code`, and nothing is left. */
export async function startNode(config: NodeConfig, options: StartOptions): Promise<RunningNode> {
  return withStop(async (closers) => {
    const { nodeId, failed } = await bringUp(config, options, closers);
    return { name: config.name, nodeId, failed };
  });
}

async function bringUp(
  config: NodeConfig,
  options: StartOptions,
  closers: Closers,
): Promise<{ nodeId: string; failed: Promise<Error> }> {
  const { runDirectory, log } = options;
  const clock = systemClock;
  makeRunDirectory(runDirectory);
  const control = controlSocket(runDirectory, config.name);
  if (await accepts(control)) {
    throw new NodeError(
      'NODE_NAME_IN_USE',
      `a node or bridge named ${config.name} is running: stop it, or choose another --name`,
    );
  }
  const identity = config.identity === undefined ? Identity.generate() : Identity.loadOrCreate(config.identity);
  const tap = options.tap ?? (await openTap(config, identity));
  closers.push(() => tap.close());
  const own = new Set(config.addresses.map((address) => address.split('/')[0]!));
  const tunnels = new RtcTunnelFactory({ clock, ignoreAddress: (ip) => own.has(ip), log: libraryLog(log) });
  closers.push(() => tunnels.close());
  const makeSwitch = (core: SwitchCore) =>
    config.ovs === undefined ? new OwnSwitch(core, tap, config.addresses) : ovsSwitch(core, config.ovs, config, tap);
  const node = new OverlayNode({
    config,
    policy: config,
    demand: config.demand,
    identity,
    settings: overlaySettings(config),
    makeSwitch,
    tunnels,
    clock,
    random: Math.random,
    log,
    signal: (events) =>
      new RendezvousClient({
        url: config.rendezvous,
        overlay: config.overlay,
        name: config.name,
        signer: identity,
        events,
        clock,
        random: Math.random,
      }),
  });
  closers.push(() => node.stop());
  const openflow = await serveOpenFlow(node.switch, config, options, closers);
  const failed = new Promise<Error>((resolve) => tap.onError(resolve));
  const error = await Promise.race([node.start(), failed]);
  if (error !== undefined) throw error;
  // Last: who finds this socket finds a node that runs.
  const answers = answersOf(node, config, tap, openflow);
  closers.push(await listen(createControlServer('node', answers, log), { path: control }));
  return { nodeId: identity.nodeId, failed };
}

function ovsSwitch(core: SwitchCore, bridge: string, config: NodeConfig, tap: FramePort): OvsSwitch {
  const openLinkTap = (name: string, mac: Uint8Array) => KernelTap.open({ name, mac, mtu: linkTapMtu, addresses: [] });
  return new OvsSwitch(core, { bridge, database: config.ovsDatabase, tap, openTap: openLinkTap });
}

/** Where tools reach the switch. Open vSwitch serves them itself. */
async function serveOpenFlow(
  nodeSwitch: OwnSwitch | OvsSwitch,
  { name, openflow }: NodeConfig,
  { runDirectory, log }: StartOptions,
  closers: Closers,
): Promise<string[]> {
  if (nodeSwitch instanceof OvsSwitch) return [nodeSwitch.management];
  const management = managementSocket(runDirectory, name);
  const served = { agent: nodeSwitch.agent, clock: systemClock, log };
  closers.push(await listen(createOpenFlowServer(served), { path: management }));
  if (openflow === undefined) return [`unix:${management}`];
  const server = createOpenFlowServer(served);
  closers.push(await listen(server, openflow));
  return [`unix:${management}`, `tcp:${openflow.host}:${(server.address() as AddressInfo).port}`];
}

async function openTap(config: NodeConfig, identity: Identity): Promise<PausablePort> {
  const { tap: name, mtu, addresses } = config;
  // Open vSwitch's userspace datapath takes no super-frames, as segments that are joined on their way in would be.
  const offload = config.ovs === undefined ? 'cut' : 'kernel';
  return KernelTap.open({ name, mtu, addresses, mac: tapMac(identity.nodeId), offload });
}

/** Locally administered, and the same for every run with the same key. */
function tapMac(nodeId: string): Uint8Array {
  return Uint8Array.of(0x06, ...Buffer.from(nodeId, 'hex').subarray(0, 5));
}

function libraryLog(log: Logger): LibraryLog {
  const child = log.child({ part: 'transport' });
  return (level, message) => child.debug({ level }, message);
}
