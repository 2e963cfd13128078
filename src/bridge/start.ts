import type { Logger } from 'pino';
import {
  controlSocket,
  createControlServer,
  makeRunDirectory,
  managementSocket,
  snoopSocket,
} from '../control/index.ts';
import { type Closers, withStop } from '../lib/closers.ts';
import { accepts, listen } from '../lib/listen.ts';
import { systemClock } from '../lib/system-clock.ts';
import {
  createOpenFlowServer,
  createSnoopServer,
  dialler,
  listenOpenFlow,
  loadTls,
  type TlsIdentity,
} from '../openflow/index.ts';
import { answersOf } from './answers.ts';
import { type BridgeConfig, tlsFilesOf } from './config.ts';
import { datapathIdOf, formatDatapathId, stableMac } from './datapath-id.ts';
import { openDevice } from './devices.ts';
import { BridgeError } from './errors.ts';
import { BridgeRuntime } from './runtime.ts';

export interface StartBridgeOptions {
  readonly runDirectory: string;
  readonly log: Logger;
}

export interface RunningBridge {
  readonly name: string;
  /** 16 hex digits. */
  readonly datapathId: string;
  /** Where controllers and tools may connect. */
  readonly openflow: readonly string[];
  /** Takes down all that was made. Idempotent. */
  stop(): Promise<void>;
}

/** Brings a bridge up: ports, controllers, sockets. What fails throws an error with a `code`, and nothing is left. */
export async function startBridge(config: BridgeConfig, options: StartBridgeOptions): Promise<RunningBridge> {
  return withStop((closers) => bringUp(config, options, closers));
}

async function bringUp(
  config: BridgeConfig,
  { runDirectory, log }: StartBridgeOptions,
  closers: Closers,
): Promise<Omit<RunningBridge, 'stop'>> {
  const { name, failMode, ports } = config;
  const clock = systemClock;
  makeRunDirectory(runDirectory);
  const control = controlSocket(runDirectory, name);
  if (await accepts(control)) {
    const wayOut = 'stop it, or choose another --name';
    throw new BridgeError('BRIDGE_NAME_IN_USE', `a bridge or node named ${name} is running: ${wayOut}`);
  }
  const files = tlsFilesOf(config);
  const tls = files && loadTls(files);
  const datapathId = config.datapathId ?? datapathIdOf(stableMac('bridge', name));
  const runtime = new BridgeRuntime({
    ...{ name, datapathId, failMode, openDevice, clock, log },
    controllers: new Map(config.controllers.map((target) => [target.text, dialler(target, tls)])),
    probeMs: config.probeSeconds * 1000,
    auxiliaries: config.auxiliaries,
    random: Math.random,
  });
  closers.push(() => runtime.stop());
  for (const spec of ports) await runtime.addPort(spec);
  const openflow = await serveOpenFlow(config, runtime, tls, { runDirectory, log }, closers);
  // Last: who finds this socket finds a bridge that runs.
  const answers = answersOf(runtime, config, clock, openflow);
  closers.push(await listen(createControlServer('bridge', answers, log), { path: control }));
  return { name, datapathId: formatDatapathId(datapathId), openflow };
}

async function serveOpenFlow(
  { name, listen: targets }: BridgeConfig,
  { agent, snoop }: BridgeRuntime,
  tls: TlsIdentity | undefined,
  { runDirectory, log }: StartBridgeOptions,
  closers: Closers,
): Promise<string[]> {
  const served = { agent, log, clock: systemClock };
  const management = managementSocket(runDirectory, name);
  closers.push(await listen(createOpenFlowServer(served), { path: management }));
  closers.push(await listen(createSnoopServer(snoop), { path: snoopSocket(runDirectory, name) }));
  const places = [`unix:${management}`];
  for (const target of targets) {
    const { text, close } = await listenOpenFlow(target, tls, served);
    closers.push(close);
    places.push(text);
  }
  return places;
}
