import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { OfpVersion } from '../../ofp/index.ts';
import { PortNo } from '../../ofp/index.ts';
import { Agent, Bridge } from '../../switch/index.ts';
import { SuiteError } from './errors.ts';

/** What the devices that the suite expects count besides: nothing ever happens there. */
const dummyCounters = {
  rx_custom_packets_1: 0,
  rx_custom_packets_2: 0,
  rx_q0_bytes: 0,
  rx_q0_packets: 0,
  tx_q0_bytes: 0,
  tx_q0_packets: 0,
};

/** How often the bridges look at the clock, ms. */
const tickMs = 50;

export interface BridgeConfig {
  readonly name: string;
  datapathId: bigint;
  mac: Uint8Array;
  versions: readonly OfpVersion[];
  readonly interfaces: Map<string, InterfaceConfig>;
}

export interface InterfaceConfig {
  readonly name: string;
  /** What `ofport_request` said. */
  wanted: number | undefined;
  /** The number that it has; undefined: it is not a port yet. */
  ofport: number | undefined;
}

interface Served {
  readonly bridge: Bridge;
  agent: Agent;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** What one test of the suite sees as an Open vSwitch: its bridges, on sockets in its own folder, and its clock. */
export class Sandbox {
  readonly bridges = new Map<string, BridgeConfig>();
  readonly #folder: string;
  readonly #served = new Map<string, Served>();
  readonly #ticker: NodeJS.Timeout;
  /** What the clock of the machine is ahead. */
  #skew = 0;
  #stoppedAt: number | undefined;
  #ports = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  get now(): number {
    return this.#stoppedAt ?? performance.now() + this.#skew;
  }

  stopClock(): void {
    this.#stoppedAt = this.now;
  }

  /** Moves the stopped clock on. */
  warp(ms: number): void {
    this.#skew += ms;
    if (this.#stoppedAt !== undefined) this.#stoppedAt += ms;
    this.#tick();
  }

  bridge(name: string): BridgeConfig {
    const config = this.bridges.get(name);
    if (!config) throw new SuiteError(`no bridge named ${name}`);
    return config;
  }

  interface(name: string): InterfaceConfig {
    for (const { interfaces } of this.bridges.values()) {
      const found = interfaces.get(name);
      if (found) return found;
    }
    throw new SuiteError(`no interface named ${name}`);
  }

  /** A frame that comes in at an interface. */
  receive(name: string, frame: Uint8Array): void {
    for (const config of this.bridges.values()) {
      const { ofport } = config.interfaces.get(name) ?? {};
      const no = config.name === name ? PortNo.LOCAL : ofport;
      if (no !== undefined) this.#served.get(config.name)?.bridge.receive(no, [frame], this.now);
    }
  }

  /** Makes the bridges and ports what the configuration says. */
  async apply(): Promise<void> {
    for (const name of [...this.#served.keys()]) if (!this.bridges.has(name)) await this.#stop(name);
    for (const config of this.bridges.values()) {
      if (!this.#served.has(config.name)) await this.#start(config);
      this.#applyPorts(config);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    for (const name of [...this.#served.keys()]) await this.#stop(name);
  }

  async #start(config: BridgeConfig): Promise<void> {
    const bridge = new Bridge({ datapathId: config.datapathId, selfId: config.datapathId << 64n });
    const agent = new Agent(bridge, { versions: config.versions });
    const sockets = new Set<Socket>();
    const server = createServer((socket) => this.#serve(socket, agent, sockets));
    this.#served.set(config.name, { bridge, agent, server, sockets });
    this.#addPort(bridge, config.name, config.mac, PortNo.LOCAL);
    const path = join(this.#folder, `${config.name}.mgmt`);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  }

  async #stop(name: string): Promise<void> {
    const served = this.#served.get(name)!;
    this.#served.delete(name);
    served.agent.close('the bridge is gone');
    for (const socket of served.sockets) socket.destroy();
    await new Promise((resolve) => served.server.close(resolve));
  }

  #applyPorts(config: BridgeConfig): void {
    const { bridge } = this.#served.get(config.name)!;
    const named = new Map([...config.interfaces.values()].map((each) => [each.name, each]));
    for (const port of bridge.ports) {
      if (port.no !== PortNo.LOCAL && !named.has(port.name)) bridge.removePort(port.no);
    }
    for (const each of named.values()) {
      if (each.ofport !== undefined && each.wanted !== undefined && each.wanted !== each.ofport) {
        bridge.removePort(each.ofport);
        each.ofport = undefined;
      }
      this.#ports += 1;
      each.ofport ??= this.#addPort(bridge, each.name, [...config.mac.subarray(0, 5), this.#ports], each.wanted);
    }
  }

  #addPort(bridge: Bridge, name: string, mac: ArrayLike<number>, no: number | undefined): number {
    const number = bridge.addPort(
      {
        kind: 'leaf',
        name,
        mac: Uint8Array.from(mac),
        send: (batch) => batch.length,
        ownCounters: () => dummyCounters,
        ...(no === undefined ? {} : { no }),
      },
      this.now,
    );
    // The devices that the suite expects do not count these.
    const { counters } = bridge.port(number)!;
    for (const counter of ['rxDropped', 'txDropped', 'rxErrors', 'txErrors'] as const) counters[counter] = -1;
    return number;
  }

  #serve(socket: Socket, agent: Agent, sockets: Set<Socket>): void {
    sockets.add(socket);
    const connection = agent.connect(
      {
        send: (bytes) => {
          if (!socket.write(bytes)) connection.setWritable(false);
        },
        close: () => void socket.end(),
      },
      'service',
    );
    if (socket.writableNeedDrain) connection.setWritable(false);
    socket.on('drain', () => connection.setWritable(true));
    socket.on('data', (bytes) => connection.receive(bytes, this.now));
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      connection.closed();
    });
  }

  #tick(): void {
    for (const { bridge } of this.#served.values()) bridge.tick(this.now);
  }
}
