/** A switch on a unix socket that agrees to everything and keeps what it was told. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type OfpMessage,
  type OfpVersion,
  type Outgoing,
  Session,
  type SessionProblem,
  type TableFeatureProperty,
} from '../../../ofp/index.ts';

/** The properties that Open vSwitch wants to see. */
const ONLY_TABLE = {
  tableId: 0,
  name: 'only',
  metadataMatch: 0n,
  metadataWrite: 0n,
  config: 0,
  command: 0,
  features: 0,
  capabilities: 0,
  maxEntries: 1,
  properties: [
    { type: 'instructions', instructionIds: [] },
    { type: 'nextTables', nextTableIds: [] },
    { type: 'writeActions', actionIds: [] },
    { type: 'applyActions', actionIds: [] },
    { type: 'match', oxmIds: [] },
    { type: 'wildcards', oxmIds: [] },
    { type: 'writeSetfield', oxmIds: [] },
    { type: 'applySetfield', oxmIds: [] },
  ] satisfies TableFeatureProperty[] as TableFeatureProperty[],
};

export class KeepingSwitch {
  readonly told: OfpMessage[] = [];
  readonly problems: SessionProblem[] = [];
  readonly #version: OfpVersion;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ofp-text-'));
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(version: OfpVersion) {
    this.#version = version;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(version: OfpVersion): Promise<KeepingSwitch> {
    const made = new KeepingSwitch(version);
    await new Promise<void>((done) => made.#server.listen(made.#path, done));
    return made;
  }

  get #path(): string {
    return join(this.#folder, 'switch');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
    rmSync(this.#folder, { recursive: true });
  }

  /** Runs `ovs-ofctl COMMAND switch ARGUMENT`; returns what it complains about, if it fails. */
  async ofctl(command: string, argument: string): Promise<string | undefined> {
    const child = spawn('ovs-ofctl', ['-O', `OpenFlow1${this.#version - 1}`, command, `unix:${this.#path}`, argument]);
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const status = await new Promise<number | null>((done) => child.on('close', done));
    return status === 0 ? undefined : errors;
  }

  /** Hands `ovs-ofctl` a file. */
  async ofctlFile(command: string, lines: readonly string[]): Promise<string | undefined> {
    const file = join(this.#folder, 'lines');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return this.ofctl(command, file);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const session = new Session(
      {
        side: 'switch',
        versions: [this.#version],
        sink: {
          send: (bytes) => session.setWritable(socket.write(bytes)),
          ready: () => {},
          message: (message) => this.#answer(session, message),
          problem: (problem) => this.problems.push(problem),
          ended: () => socket.end(),
        },
      },
      performance.now(),
    );
    socket.on('data', (bytes) => session.receive(bytes, performance.now()));
    socket.on('drain', () => session.setWritable(true));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      session.disconnected();
    });
    session.start();
  }

  #answer(session: Session, message: OfpMessage): void {
    const reply = (answer: Outgoing) => session.reply(message, answer);
    if (message.type === 'barrierRequest') reply({ type: 'barrierReply' });
    else if (message.type === 'featuresRequest') {
      reply({ type: 'featuresReply', datapathId: 1n, nBuffers: 0, nTables: 1, capabilities: 0 });
    } else if (message.type === 'multipartRequest') {
      if (message.multipart === 'tableFeatures')
        reply({ type: 'multipartReply', multipart: 'tableFeatures', body: [ONLY_TABLE] });
      else if (message.multipart === 'portDesc') reply({ type: 'multipartReply', multipart: 'portDesc', body: [] });
    } else this.told.push(structuredClone(message));
  }
}
