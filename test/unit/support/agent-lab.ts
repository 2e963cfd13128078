import { expect } from 'vitest';
import {
  decode,
  encode,
  type Message,
  type MessageType,
  type OfpMessage,
  type OfpMessageInput,
  type OfpVersion,
  type Outgoing,
} from '../../../ofp/index.ts';
import { Agent, type AgentConnection, type AgentOptions, type ConnectionKind } from '../../../switch/index.ts';
import { get16 } from '../../../switch/packet/index.ts';
import { BridgeLab } from './switch-lab.ts';

/** A controller of any version that keeps what it is sent. */
export class TestController {
  readonly connection: AgentConnection;
  readonly version: OfpVersion;
  closed: string | undefined;
  /** Bytes that it was sent. */
  received = 0;
  readonly #chunks: Uint8Array[] = [];
  #xid = 100;

  constructor(agent: Agent, version: OfpVersion, kind: ConnectionKind = 'controller') {
    this.version = version;
    this.connection = agent.connect(
      {
        send: (bytes) => {
          this.received += bytes.length;
          this.#chunks.push(bytes);
        },
        close: (reason) => {
          this.closed = reason;
        },
      },
      kind,
    );
    this.bytes(
      encode({ type: 'hello', version, xid: 1, elements: [{ type: 'versionBitmap', bitmaps: [1 << version] }] }),
    );
    this.take();
  }

  bytes(bytes: Uint8Array, now = 0): void {
    this.connection.receive(bytes, now);
  }

  /** The transaction id that the next message will have. */
  nextXid(): number {
    return this.#xid + 1;
  }

  /** Returns the transaction id. */
  send(message: Outgoing, now = 0): number {
    this.#xid += 1;
    this.bytes(encode({ ...message, version: this.version, xid: this.#xid } as OfpMessageInput), now);
    return this.#xid;
  }

  /** What came since the last call. */
  take(): OfpMessage[] {
    const stream = Buffer.concat(this.#chunks.splice(0));
    const messages: OfpMessage[] = [];
    for (let at = 0; at < stream.length; at += get16(stream, at + 2)) {
      messages.push(decode(Uint8Array.from(stream.subarray(at, at + get16(stream, at + 2)))));
    }
    return messages;
  }

  /** The one answer to a request. */
  ask(message: Outgoing, now = 0): OfpMessage {
    const xid = this.send(message, now);
    const answers = this.take().filter((answer) => answer.xid === xid);
    expect(answers).toHaveLength(1);
    return answers[0]!;
  }

  /** Sends what must not be refused. */
  tell(message: Outgoing, now = 0): void {
    const xid = this.send(message, now);
    expect(this.take().filter((answer) => answer.xid === xid)).toEqual([]);
  }

  /** Type and code of the error that a request is answered with. */
  errorOf(message: Outgoing, now = 0): [number, number] {
    const answer = this.ask(message, now);
    if (answer.type !== 'error') throw new Error(`answered with ${answer.type}`);
    return [answer.errorType, answer.code];
  }

  events<T extends MessageType>(type: T): Message<T>[] {
    return this.take().filter((message): message is Message<T> => message.type === type);
  }
}

export const everyVersion: readonly OfpVersion[] = [1, 2, 3, 4, 5, 6];

/** A bridge with an agent, of any versions. */
export function agentLab(options: AgentOptions = { versions: everyVersion }): { lab: BridgeLab; agent: Agent } {
  const lab = new BridgeLab();
  return { lab, agent: new Agent(lab.bridge, options) };
}
