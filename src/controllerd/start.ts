import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { ControllerRole } from '../../ofp/index.ts';
import { controlSocket, createControlServer, makeRunDirectory } from '../control/index.ts';
import {
  type Composition,
  type Controller,
  ControllerError,
  composeController,
  parseAcl,
} from '../controller/index.ts';
import type { Clock } from '../lib/clock.ts';
import { type Closers, withStop } from '../lib/closers.ts';
import { accepts, listen } from '../lib/listen.ts';
import { systemClock } from '../lib/system-clock.ts';
import { dialler, joinStream, listenStreams, loadTls, socketStream, type TlsIdentity } from '../openflow/index.ts';
import { answersOf } from './answers.ts';
import { type ControllerConfig, tlsFilesOf } from './config.ts';
import { SwitchDialler } from './switch-dialler.ts';

export interface StartControllerOptions {
  readonly runDirectory: string;
  readonly log: Logger;
}

export interface RunningController {
  readonly name: string;
  /** Where switches may connect, with the ports that were taken. */
  readonly listening: readonly string[];
  /** Ends all connections; switches keep their rules. Idempotent. */
  stop(): Promise<void>;
}

const tickMs = 20;
const maxConnections = 8192;
const roles = { equal: ControllerRole.EQUAL, master: ControllerRole.MASTER, slave: ControllerRole.SLAVE } as const;

/** Brings a controller up. What fails throws an error with a `code`, and nothing is left. */
export async function startController(
  config: ControllerConfig,
  options: StartControllerOptions,
): Promise<RunningController> {
  return withStop((closers) => bringUp(config, options, closers));
}

async function bringUp(
  config: ControllerConfig,
  { runDirectory, log }: StartControllerOptions,
  closers: Closers,
): Promise<Omit<RunningController, 'stop'>> {
  const { name } = config;
  const clock = systemClock;
  // Everything that can be wrong is looked at before anybody can connect.
  const files = tlsFilesOf(config);
  const tls = files && loadTls(files);
  const composition = compose(config, clock, log);
  const { controller } = composition;
  const diallers = config.dial.map((target) => ({ target: target.text, dial: dialler(target, tls) }));
  makeRunDirectory(runDirectory);
  const control = controlSocket(runDirectory, name);
  if (await accepts(control)) {
    const wayOut = 'stop it, or choose another --name';
    throw new ControllerError('CONTROLLER_NAME_IN_USE', `${name} is the name of somebody who runs here: ${wayOut}`);
  }
  closers.push(keepTime(controller, clock));
  const listening = await listenAll(config, controller, tls, { clock, log }, closers);
  for (const each of diallers) {
    const switchDialler = new SwitchDialler({ ...each, controller, clock, random: Math.random });
    closers.push(() => switchDialler.close());
  }
  // Last: who finds this socket finds a controller that runs.
  const answers = answersOf(composition, config, listening, clock);
  closers.push(await listen(createControlServer('controller', answers, log), { path: control }));
  return { name, listening };
}

function compose(config: ControllerConfig, clock: Clock, log: Logger): Composition {
  const { apps, acl, role, maxHosts, probeSeconds } = config;
  return composeController({
    apps,
    ...(acl !== undefined && { acl: parseAcl(readAcl(acl), acl) }),
    learning: { maxHostsPerPort: maxHosts },
    role: roles[role],
    // Who starts later is master, after a restart as well.
    generationId: BigInt(Math.floor(clock.wallTime())),
    probeMs: probeSeconds * 1000,
    secret: randomBytes(32),
    log: (level, message, fields) => log[level](fields, message),
  });
}

function readAcl(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ControllerError('CONTROLLER_ACL', `cannot read ${path} (${code})`, { cause });
  }
}

function keepTime(controller: Controller, clock: Clock): () => void {
  let timer = clock.after(tickMs, tick);
  function tick(): void {
    controller.tick(clock.now());
    timer = clock.after(tickMs, tick);
  }
  return () => {
    timer.cancel();
    controller.close('this controller ends');
  };
}

async function listenAll(
  { listen: targets }: ControllerConfig,
  controller: Controller,
  tls: TlsIdentity | undefined,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  closers: Closers,
): Promise<string[]> {
  const places: string[] = [];
  for (const target of targets) {
    const { transport } = target.where;
    if (transport === 'ssl' && !tls?.hasAuthority) {
      throw new ControllerError(
        'CONTROLLER_CONFIG',
        `${target.text} needs --ca-cert: switches have to show a certificate`,
      );
    }
    const serve = (socket: Socket) => {
      const { events, use } = joinStream(controller, peerOf(socket, transport), clock);
      use(socketStream(socket, undefined, events));
    };
    const { text, close } = await listenStreams(target, tls, { serve, log, maxConnections });
    closers.push(close);
    places.push(text);
  }
  return places;
}

function peerOf({ remoteAddress, remotePort }: Socket, transport: string): string {
  return remoteAddress === undefined ? transport : `${transport}:${remoteAddress}:${remotePort}`;
}
