import { connect, type Socket } from 'node:net';
import { encode, NO_BUFFER, type OfpMessageInput } from '../../../ofp/index.ts';

export interface FakeSwitchOptions {
  readonly host: string;
  readonly port: number;
  /** 1.0 or 1.3, as a wire number. */
  readonly version: 1 | 4;
  readonly datapathId: bigint;
  /** How many it has; 1,000, as with cbench, unless said otherwise. */
  readonly hosts?: number;
  /** What a packet-in is answered by: the last message of an answer counts. */
  readonly answer: Answer;
}

/** A packet-in is answered once so many messages of a type came. */
export interface Answer {
  readonly type: 'packetOut' | 'flowMod';
  readonly count: number;
}

const ports = 4;
const usualHosts = 1000;
const header = 8;
const Type = {
  hello: 0,
  echo: 2,
  features: 5,
  packetOut: 13,
  flowMod: 14,
  multipart: 18,
  barrier10: 18,
  barrier: 20,
} as const;
const Multipart = { portDesc: 13 } as const;
const experimenter = 4;
const role = 24;

/**
 * A switch that shows a controller frames of its hosts and waits for an answer before it shows more than its window. Its
 * messages are made beforehand and those of the controller are not read further than they must, so that what is measured is the
 * controller.
 */
export class FakeSwitch {
  answered = 0;
  /** Called when a packet-in was answered. */
  onAnswer: () => void = () => {};
  readonly #options: FakeSwitchOptions;
  readonly #socket: Socket;
  readonly #packetIns: readonly Uint8Array[];
  #next = 0;
  #pending: Buffer = Buffer.alloc(0);
  #towards = 0;
  #shown = 0;
  #missTable = 255;
  #settle: () => void = () => {};

  private constructor(options: FakeSwitchOptions) {
    this.#options = options;
    const { hosts = usualHosts } = options;
    this.#packetIns = Array.from({ length: hosts }, (_, i) => packetIn(options, i, (i + 1) % hosts));
    this.#socket = connect(options.port, options.host);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.on('error', () => {});
  }

  /** Resolves once the controller has asked all that it wants to know and ordered a barrier, or has been silent for a while. */
  static async connect(options: FakeSwitchOptions): Promise<FakeSwitch> {
    const made = new FakeSwitch(options);
    await new Promise<void>((resolve, reject) => {
      made.#settle = resolve;
      made.#socket.once('connect', () => made.#say({ type: 'hello', version: options.version, xid: 0 }));
      made.#socket.once('close', () => reject(new Error('the controller hung up')));
    });
    return made;
  }

  /** Forgets half an answer that it may have. */
  begin(): void {
    this.#towards = 0;
    this.#shown = 0;
    this.answered = 0;
  }

  /** Frames that wait for their answer. */
  get outstanding(): number {
    return this.#shown - this.answered;
  }

  /** Frames of its next `count` hosts, in one piece. */
  show(count: number): void {
    this.#shown += count;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      parts.push(this.#packetIns[this.#next]!);
      this.#next = (this.#next + 1) % this.#packetIns.length;
    }
    this.#socket.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
  }

  /** Reads no more. */
  stall(): void {
    this.#socket.pause();
  }

  /** Bytes that the controller has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    while (bytes.length - at >= header) {
      const length = bytes.readUInt16BE(at + 2);
      if (bytes.length - at < length) break;
      this.#read(bytes, at, length);
      at += length;
    }
    this.#pending = bytes.subarray(at);
  }

  #read(bytes: Buffer, at: number, length: number): void {
    const type = bytes[at + 1]!;
    const { answer, version } = this.#options;
    if (type === Type.packetOut) {
      // Those that the controller sends of its own accord, to find links, come from nowhere.
      const inPort = version === 1 ? bytes.readUInt16BE(at + 12) : bytes.readUInt32BE(at + 12);
      if (answer.type === 'packetOut' && inPort <= ports) this.#count();
    } else if (type === Type.flowMod) {
      if (version > 1) this.#heed(bytes, at);
      if (answer.type === 'flowMod') this.#count();
    } else this.#reply(type, bytes.readUInt32BE(at + 4), bytes, at, length);
  }

  /** The rule of least priority in the first table that has one is what shows frames to the controller (spec 1.3 7.3.4.1). */
  #heed(bytes: Buffer, at: number): void {
    const [table, priority] = [bytes[at + 24]!, bytes.readUInt16BE(at + 30)];
    if (priority > 0 || table >= this.#missTable) return;
    this.#missTable = table;
    for (const packetIn of this.#packetIns) {
      packetIn[15] = table;
      packetIn.set(bytes.subarray(at + 8, at + 16), 16);
    }
  }

  #count(): void {
    this.#towards += 1;
    if (this.#towards < this.#options.answer.count) return;
    this.#towards = 0;
    this.answered += 1;
    this.onAnswer();
  }

  #reply(type: number, xid: number, bytes: Buffer, at: number, length: number): void {
    const { version, datapathId } = this.#options;
    const base = { version, xid };
    const list = Array.from({ length: ports }, (_, i) => portDesc(i + 1));
    if (type === Type.echo) {
      this.#say({ ...base, type: 'echoReply', data: Uint8Array.from(bytes.subarray(at + header, at + length)) });
    } else if (type === Type.features) {
      const features = { datapathId, nBuffers: 0, nTables: 254, capabilities: 0 };
      this.#say({ ...base, type: 'featuresReply', ...features, ...(version === 1 && { actions: 0xfff, ports: list }) });
      setTimeout(this.#settle, 1000);
    } else if (version === 1 && type === 16) {
      this.#say({ ...base, type: 'multipartReply', multipart: 'flow', body: [] });
    } else if (version > 1 && type === Type.multipart) {
      const which = bytes.readUInt16BE(at + header);
      if (which === Multipart.portDesc)
        this.#say({ ...base, type: 'multipartReply', multipart: 'portDesc', body: list });
      else this.#say({ ...base, type: 'multipartReply', multipart: 'flow', body: [] });
    } else if (type === (version === 1 ? Type.barrier10 : Type.barrier)) {
      this.#say({ ...base, type: 'barrierReply' });
    } else if (type === experimenter || type === role) {
      // No bundles, no roles: bad request, bad experimenter.
      this.#say({
        ...base,
        type: 'error',
        errorType: 1,
        code: 3,
        data: Uint8Array.from(bytes.subarray(at, at + header)),
      });
    }
  }

  #say(message: OfpMessageInput): void {
    this.#socket.write(encode(message));
  }
}

function portDesc(no: number) {
  const speeds = { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeed: 0, maxSpeed: 0 };
  return { portNo: no, hwAddr: Uint8Array.of(6, 0, 0, 0, 0, no), name: `p${no}`, config: 0, state: 0, ...speeds };
}

/** Host `i` speaks to another, which is at another port. */
function packetIn({ version, datapathId }: FakeSwitchOptions, i: number, other: number): Uint8Array {
  const data = new Uint8Array(60);
  const id = Number(datapathId);
  const mac = (n: number) => [2, id >> 8, id & 0xff, 0, n >> 8, n & 0xff];
  data.set([...mac(other), ...mac(i), 0x08, 0x00]);
  const inPort = 1 + (i % ports);
  return encode({
    ...{ type: 'packetIn', version, xid: 0, bufferId: NO_BUFFER, totalLen: data.length, reason: 0, tableId: 0 },
    ...{ cookie: 0n, match: [{ field: 'in_port', value: inPort }], data },
  });
}
