import {
  defaultOverlaySettings,
  type Notice,
  OverlayController,
  type OverlayMembers,
  type OverlayOptions,
  type OverlaySettings,
  peerPortName,
  SwitchChannel,
} from '../../../src/controller/index.ts';
import { Agent, Bridge, FloodEngine } from '../../../switch/index.ts';
import { join64, LinkDecoder, LinkEncoder, split64 } from '../../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../../topology/index.ts';
import { openSeal } from './open-seal.ts';

/** What left a peer port: a link record with its frame. */
export interface SentRecord {
  readonly destination: bigint;
  readonly source: bigint;
  readonly mark: number;
  readonly hopLimit: number;
  readonly frame: Uint8Array;
}

/** A bridge under its overlay controller, with ports whose output is kept; every call ends when all messages were handled. */
export class TestSwitch {
  readonly bridge: Bridge;
  readonly app: OverlayController;
  readonly problems: unknown[] = [];
  readonly notices: Notice[] = [];
  now = 0;
  readonly #frames = new Map<number, Uint8Array[]>();
  readonly #queue: (() => void)[] = [];
  readonly #agent: Agent;
  #send: OverlayOptions['send'] = () => {};
  #disconnect: () => void;

  constructor(
    self: NodeId,
    settings: Partial<OverlaySettings> = {},
    extra: Partial<Pick<OverlayOptions, 'directory' | 'isSelfReliant' | 'seal'>> = {},
  ) {
    this.bridge = new Bridge({
      datapathId: switchIdOf(self),
      selfId: self,
      flood: new FloodEngine({ self, epoch: 1 }),
    });
    this.#agent = new Agent(this.bridge);
    this.app = new OverlayController({
      self,
      epoch: () => 1,
      seal: openSeal,
      settings: { ...defaultOverlaySettings, ...settings },
      send: (changes) => this.#send(changes),
      notice: (notice) => this.notices.push(notice),
      ...extra,
    });
    this.#disconnect = this.#connect();
    this.settle();
  }

  /** The connection between switch and controller ends, and a new one is made; `between` runs after each message of it. */
  reconnect(between: () => void): void {
    this.#disconnect();
    this.#disconnect = this.#connect();
    for (let run = this.#queue.shift(); run; run = this.#queue.shift()) {
      run();
      between();
    }
  }

  #connect(): () => void {
    const connection = this.#agent.connect(
      {
        send: (bytes) => this.#queue.push(() => channel.receive(bytes, this.now)),
        close: (reason) => this.problems.push(reason),
      },
      'controller',
    );
    const channel = new SwitchChannel(
      {
        send: (bytes) => this.#queue.push(() => connection.receive(bytes, this.now)),
        app: (send) => {
          this.#send = send;
          return this.app;
        },
        onProblem: (problem) => this.problems.push(problem),
      },
      0,
    );
    channel.start();
    return () => connection.closed();
  }

  addLeaf(name: string): number {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
    const port = this.bridge.addPort({ name, mac, kind: 'leaf', send: (batch) => this.#keep(port, batch) }, this.now);
    this.#rest();
    return port;
  }

  addPeer(peer: NodeId, name = peerPortName(peer)): number {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 2);
    const port = this.bridge.addPort(
      { name, mac, kind: 'peer', peer, send: (batch) => this.#keep(port, batch) },
      this.now,
    );
    this.#rest();
    return port;
  }

  removePort(port: number): void {
    this.bridge.removePort(port);
    this.#rest();
  }

  adjacency(
    neighbours: readonly NodeId[] | ReadonlyMap<NodeId, readonly NodeId[]>,
    members?: readonly NodeId[] | OverlayMembers,
  ): void {
    const known: ReadonlyMap<NodeId, readonly NodeId[]> =
      'length' in neighbours ? new Map(neighbours.map((id) => [id, []])) : neighbours;
    const overlay =
      members === undefined ? { members: [...known.keys()] } : 'members' in members ? members : { members };
    this.app.adjacency(known, overlay);
    this.#rest();
  }

  /** A frame from a host at a leaf port. */
  fromLeaf(port: number, frame: Uint8Array): void {
    this.bridge.receive(port, [frame], this.now);
    this.settle();
  }

  /** A frame from a link, as the neighbour's switch sends it. */
  fromPeer(port: number, source: NodeId, destination: NodeId, frame: Uint8Array, hopLimit = 64, mark = 0): void {
    this.injectFromPeer(port, source, destination, frame, hopLimit, mark);
    this.settle();
  }

  /** The same, while the controller's messages wait. */
  injectFromPeer(port: number, source: NodeId, destination: NodeId, frame: Uint8Array, hopLimit = 64, mark = 0): void {
    const message = recordMessage(switchIdOf(source), switchIdOf(destination), hopLimit, mark, frame);
    this.bridge.receive(port, [message], this.now);
  }

  tick(ms: number): void {
    this.now += ms;
    this.bridge.tick(this.now);
    this.app.tick(this.now);
    this.settle();
  }

  /** What left a leaf port since the last look. */
  frames(port: number): Uint8Array[] {
    const frames = this.#frames.get(port) ?? [];
    this.#frames.delete(port);
    return frames;
  }

  /** What left a peer port since the last look. */
  records(port: number): SentRecord[] {
    return this.frames(port).flatMap(recordsOf);
  }

  /** Number of rules in one table. */
  rules(table: number): number {
    return this.bridge.flows.table(table)?.entries.size ?? 0;
  }

  settle(): void {
    for (let run = this.#queue.shift(); run; run = this.#queue.shift()) run();
  }

  /** Until rules followed what changed: those that do so twice in a row wait. */
  #rest(): void {
    this.settle();
    this.tick(50);
  }

  #keep(port: number, batch: readonly Uint8Array[]): number {
    this.#frames.set(port, [...(this.#frames.get(port) ?? []), ...batch.map((frame) => frame.slice())]);
    return batch.length;
  }
}

function recordMessage(
  source: bigint,
  destination: bigint,
  hopLimit: number,
  mark: number,
  frame: Uint8Array,
): Uint8Array {
  const [sourceHi, sourceLo] = split64(source);
  const [destinationHi, destinationLo] = split64(destination);
  const encoder = new LinkEncoder();
  encoder.append({ mark, hopLimit, sourceHi, sourceLo, destinationHi, destinationLo }, frame);
  return encoder.take()[0]!;
}

function recordsOf(message: Uint8Array): SentRecord[] {
  const decoder = new LinkDecoder();
  decoder.open(message);
  const records: SentRecord[] = [];
  while (decoder.next()) {
    records.push({
      destination: join64(decoder.destinationHi, decoder.destinationLo),
      source: join64(decoder.sourceHi, decoder.sourceLo),
      mark: decoder.mark,
      hopLimit: decoder.hopLimit,
      frame: decoder.frame,
    });
  }
  return records;
}
