import type { OfpVersion } from '../../../ofp/index.ts';
import {
  type ComposeOptions,
  type Composition,
  type Connection,
  composeController,
} from '../../../src/controller/index.ts';
import { VirtualClock } from '../../../src/lib/virtual-clock.ts';
import { Agent, type AgentConnection, Bridge } from '../../../switch/index.ts';

/** How long bytes and frames take, ms. */
const delayMs = 1;
const tickMs = 20;

/** A switch of ours in memory, under the controller of a lab. */
export class LabSwitch {
  readonly bridge: Bridge;
  readonly agent: Agent;
  readonly #lab: ControllerLab;
  readonly #delayMs: number;
  #connection: { readonly agent: AgentConnection; readonly controller: Connection } | undefined;

  constructor(lab: ControllerLab, id: number, versions: readonly OfpVersion[], delayMs: number) {
    this.#lab = lab;
    this.#delayMs = delayMs;
    this.bridge = new Bridge({ datapathId: BigInt(id), selfId: BigInt(id) << 64n });
    this.agent = new Agent(this.bridge, { versions });
  }

  connect(): void {
    const { clock, composition } = this.#lab;
    let isOpen = true;
    const later = (work: () => void) => clock.after(this.#delayMs, () => isOpen && work());
    const controller = composition.controller.accept(
      `tcp:192.0.2.${this.bridge.datapathId}:1`,
      {
        security: undefined,
        send: (bytes) => later(() => agent.receive(bytes.slice(), clock.now())),
        close: () => later(() => this.disconnect()),
      },
      clock.now(),
    );
    const agent: AgentConnection = this.agent.connect(
      {
        send: (bytes) => {
          const copy = bytes.slice();
          later(() => controller.receive(copy, clock.now()));
        },
        close: () => later(() => this.disconnect()),
      },
      'controller',
    );
    this.#connection = { agent, controller };
    this.#cut = () => {
      isOpen = false;
    };
  }

  #cut = () => {};

  /** The stream breaks. */
  disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#cut();
    connection?.agent.closed();
    connection?.controller.closed();
  }
}

/** A host with a MAC of its own that keeps what it hears. */
export class LabHost {
  readonly mac: Uint8Array;
  /** First bytes after the header, as a number: what `broadcast` was given. */
  readonly heard: number[] = [];
  readonly #send: (frame: Uint8Array) => void;

  constructor(mac: Uint8Array, send: (frame: Uint8Array) => void) {
    this.mac = mac;
    this.#send = send;
  }

  hear(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset);
    if (view.getUint16(12) === 0x9000) this.heard.push(view.getUint32(14));
  }

  send(to: Uint8Array, number: number): void {
    const frame = new Uint8Array(60);
    frame.set(to);
    frame.set(this.mac, 6);
    const view = new DataView(frame.buffer);
    view.setUint16(12, 0x9000);
    view.setUint32(14, number);
    this.#send(frame);
  }

  broadcast(number: number): void {
    this.send(new Uint8Array(6).fill(0xff), number);
  }
}

/** Switches of ours, links and hosts under the controller for any switches, all in virtual time. */
export class ControllerLab {
  readonly clock = new VirtualClock();
  readonly switches: LabSwitch[] = [];
  readonly hosts: LabHost[] = [];
  readonly log: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  /** Frames that went over links. */
  carried = 0;
  readonly #options: Partial<ComposeOptions>;
  composition: Composition;

  constructor(options: Partial<ComposeOptions> = {}) {
    this.#options = options;
    this.composition = this.#compose();
    this.#tick();
  }

  get controller() {
    return this.composition.controller;
  }

  /** Another one takes the place of the controller, which is gone without a word. */
  restart(): void {
    for (const each of this.switches) each.disconnect();
    this.composition = this.#compose();
    for (const each of this.switches) each.connect();
  }

  /** `controlMs`: how long messages between it and the controller take. */
  addSwitch(versions: readonly OfpVersion[] = [4], controlMs = delayMs): LabSwitch {
    const made = new LabSwitch(this, this.switches.length + 1, versions, controlMs);
    this.switches.push(made);
    return made;
  }

  addHost(at: LabSwitch): LabHost {
    const n = this.hosts.length + 1;
    const host = new LabHost(Uint8Array.of(2, 0, 0, 1, n >> 8, n), (frame) => {
      at.bridge.receive(port, [frame], this.clock.now());
    });
    const port = this.#addPort(at, 'h', (frame) => host.hear(frame));
    this.hosts.push(host);
    return host;
  }

  /** Joins two switches; returns what takes the link down or up. `ends`: how many of its ports notice. */
  link(a: LabSwitch, b: LabSwitch): (isUp: boolean, ends?: 'none' | 'one' | 'both') => void {
    let isUp = true;
    const carry = (to: LabSwitch, port: () => number) => (frame: Uint8Array) => {
      const copy = frame.slice();
      this.carried += 1;
      this.clock.after(delayMs, () => isUp && to.bridge.receive(port(), [copy], this.clock.now()));
    };
    const portA: number = this.#addPort(
      a,
      'to',
      carry(b, () => portB),
    );
    const portB: number = this.#addPort(
      b,
      'to',
      carry(a, () => portA),
    );
    return (up, ends = 'both') => {
      isUp = up;
      if (ends !== 'none') a.bridge.setLink(portA, up);
      if (ends === 'both') b.bridge.setLink(portB, up);
    };
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  #addPort(at: LabSwitch, prefix: string, take: (frame: Uint8Array) => void): number {
    const n = at.bridge.ports.length;
    const mac = Uint8Array.of(6, 0, 0, Number(at.bridge.datapathId), 0, n);
    const send = (frames: readonly Uint8Array[]) => {
      for (const frame of frames) take(frame.slice());
      return frames.length;
    };
    return at.bridge.addPort({ kind: 'leaf', name: `${prefix}${n}`, mac, send }, this.clock.now());
  }

  #compose(): Composition {
    return composeController({
      ...{ apps: ['learning'], secret: new Uint8Array(32).fill(this.clock.now() + 1) },
      log: (level, message, fields) => this.log.push({ level, message, fields }),
      ...this.#options,
    });
  }

  #tick(): void {
    const now = this.clock.now();
    this.composition.controller.tick(now);
    for (const { bridge } of this.switches) bridge.tick(now);
    this.clock.after(tickMs, () => this.#tick());
  }
}
