import type { Logger } from 'pino';
import { ControllerRole } from '../../ofp/index.ts';
import { Agent, Bridge } from '../../switch/index.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import { ControllerLink, type Dial, type FailMode, FailModeWatch, Snoop } from '../openflow/index.ts';
import type { FramePort } from '../tap/index.ts';
import { type CaptureSink, Captures } from './captures.ts';
import { deviceCounters, type OpenDevice } from './devices.ts';
import { BridgeError } from './errors.ts';
import { Offload } from './offload.ts';
import type { PortSpec } from './port-spec.ts';

/** What a bridge is made of besides itself: each part is one adapter, or its fake in a test. */
export interface BridgeParts {
  readonly name: string;
  readonly datapathId: bigint;
  readonly failMode: FailMode;
  /** Controllers to dial, by where they are in Open vSwitch's notation. */
  readonly controllers: ReadonlyMap<string, Dial>;
  /** Silence after which a controller is probed, ms, and after as much again given up; 0: never. */
  readonly probeMs: number;
  /** Connections to each controller beside the main one. */
  readonly auxiliaries: number;
  readonly openDevice: OpenDevice;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A port, what is behind it, and who captures it. */
export interface AttachedPort {
  readonly no: number;
  readonly spec: PortSpec;
  readonly device: FramePort;
  readonly captures: Captures;
  /** Frames that the device dropped on their way in, as far as the switch has counted them. */
  dropsCounted: number;
}

const tickMs = 50;
/** Devices are asked for their drops this often. */
const dropsMs = 1_000;

/** A bridge with its ports and controllers: one that stands for itself. */
export class BridgeRuntime {
  readonly bridge: Bridge;
  readonly agent: Agent;
  readonly snoop = new Snoop();
  readonly controllers: readonly ControllerLink[];
  readonly startedAt: number;
  readonly #parts: BridgeParts;
  readonly #offload: Offload;
  readonly #ports = new Map<number, AttachedPort>();
  readonly #watch: FailModeWatch | undefined;
  #timer: Timer | undefined;
  #dropsDue = 0;
  #isStopped = false;

  constructor(parts: BridgeParts) {
    const { name, datapathId, clock, controllers, failMode } = parts;
    this.#parts = parts;
    this.startedAt = clock.now();
    this.bridge = new Bridge({ datapathId, selfId: datapathId << 64n, description: `ringlet bridge ${name}` });
    this.agent = new Agent(this.bridge);
    this.#offload = new Offload(this.bridge);
    if (controllers.size > 0) this.#watch = this.#watchControllers();
    else if (failMode === 'standalone') this.bridge.standAlone(true);
    this.controllers = [...controllers].map(([target, dial]) => this.#link(target, dial));
    this.#tick();
  }

  /** It forwards on its own where no rule says otherwise: it has no controllers, or has had none for too long. */
  get isAlone(): boolean {
    return this.#watch?.isAlone ?? this.#parts.failMode === 'standalone';
  }

  get ports(): readonly AttachedPort[] {
    return [...this.#ports.values()];
  }

  /** Throws what the device throws, and `SwitchError` for a name or number that is taken. */
  async addPort(spec: PortSpec): Promise<AttachedPort> {
    const { name, clock, log, openDevice } = this.#parts;
    const device = await openDevice(name, spec);
    try {
      if (this.#isStopped) throw new BridgeError('BRIDGE_REQUEST', `bridge ${name} is ending`);
      const port = this.#attach(spec, device);
      log.info({ port: spec.name, no: port.no, device: spec.text }, 'port added');
      return port;
    } catch (error) {
      device.close();
      throw error;
    } finally {
      this.bridge.tick(clock.now());
    }
  }

  /** By name or number. Throws BRIDGE_NO_PORT. */
  findPort(nameOrNo: string): AttachedPort {
    const found = this.ports.find(({ no, spec }) => spec.name === nameOrNo || String(no) === nameOrNo);
    if (found) return found;
    const known = this.ports.map(({ spec }) => spec.name).join(', ') || 'none';
    throw new BridgeError('BRIDGE_NO_PORT', `no port ${nameOrNo}; there are: ${known}`);
  }

  removePort(port: AttachedPort): void {
    this.#detach(port);
    this.#parts.log.info({ port: port.spec.name, no: port.no }, 'port removed');
  }

  /** Returns what ends the capture. */
  capture(port: AttachedPort, sink: CaptureSink): () => void {
    return port.captures.add(sink);
  }

  /** Adds what devices dropped before the switch saw it to the counters of its ports. */
  countDrops(): void {
    this.#dropsDue = this.#parts.clock.now() + dropsMs;
    for (const port of this.#ports.values()) {
      const { rxDropped } = port.device.counters;
      this.bridge.port(port.no)!.counters.rxDropped += rxDropped - port.dropsCounted;
      port.dropsCounted = rxDropped;
    }
  }

  /** Ends all connections and closes all ports. Idempotent. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#watch?.stop();
    for (const controller of this.controllers) controller.close();
    this.agent.close('this switch ends');
    for (const port of this.ports) this.#detach(port);
  }

  #attach(spec: PortSpec, device: FramePort): AttachedPort {
    const { clock, log } = this.#parts;
    const captures = new Captures(clock);
    const no = this.bridge.addPort(
      {
        name: spec.name,
        mac: device.mac,
        kind: 'leaf',
        vlans: spec.vlans,
        ...(spec.no === undefined ? {} : { no: spec.no }),
        send: (frames) => {
          captures.see(frames);
          return this.#offload.send(device, frames);
        },
        ownCounters: () => deviceCounters(device),
      },
      clock.now(),
    );
    const port: AttachedPort = { no, spec, device, captures, dropsCounted: 0 };
    this.#ports.set(no, port);
    device.onFrames((frames) => {
      captures.see(frames);
      const now = clock.now();
      this.#offload.receive(no, device, frames, (batch, areHeaded) => this.bridge.receive(no, batch, now, areHeaded));
    });
    device.onLink((isUp) => {
      log.info({ port: spec.name, no, isUp }, 'port link');
      this.bridge.setLink(no, isUp);
    });
    if (!device.isUp) this.bridge.setLink(no, false);
    device.onError((error) => {
      if (this.#ports.get(no) !== port) return;
      log.warn({ port: spec.name, no, reason: error.message }, 'port is gone');
      this.#detach(port);
    });
    return port;
  }

  #detach(port: AttachedPort): void {
    if (this.#ports.get(port.no) !== port) return;
    this.#ports.delete(port.no);
    this.bridge.removePort(port.no);
    port.captures.end();
    port.device.close();
  }

  #watchControllers(): FailModeWatch {
    const { failMode, probeMs, clock, log } = this.#parts;
    return new FailModeWatch({
      ...{ mode: failMode, probeMs, clock },
      change: (isAlone) => {
        if (isAlone) log.warn('no controller for too long: forwarding on its own what no rule is for');
        else log.info('a controller is back: forwarding by rules alone');
        this.bridge.standAlone(isAlone);
      },
    });
  }

  #link(target: string, dial: Dial): ControllerLink {
    const { clock, random, probeMs, auxiliaries, log: parent } = this.#parts;
    const log = parent.child({ controller: target });
    return new ControllerLink({
      ...{ target, dial, agent: this.agent, clock, random, probeMs, auxiliaries, snoop: this.snoop },
      events: {
        connected: () => {
          log.info('controller connected');
          this.#watch?.connected();
        },
        disconnected: (reason, retryMs) => {
          log.warn({ reason, retryMs: Math.round(retryMs) }, 'controller lost');
          this.#watch?.disconnected();
        },
        failed: (reason, retryMs, failures) => {
          const fields = { reason, retryMs: Math.round(retryMs) };
          // One line for as long as it stays away.
          if (failures === 1) log.warn(fields, 'controller cannot be reached, trying on');
          else log.debug(fields, 'controller cannot be reached');
        },
      },
    });
  }

  #tick(): void {
    const { clock } = this.#parts;
    this.#timer = clock.after(tickMs, () => {
      const now = clock.now();
      if (this.bridge.nextTick() <= now) this.bridge.tick(now);
      if (this.#dropsDue <= now) this.countDrops();
      this.#tick();
    });
  }
}

/** For reports. */
export const roleNames: ReadonlyMap<number, 'equal' | 'master' | 'slave'> = new Map([
  [ControllerRole.EQUAL, 'equal'],
  [ControllerRole.MASTER, 'master'],
  [ControllerRole.SLAVE, 'slave'],
]);
