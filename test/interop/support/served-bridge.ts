import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortNo } from '../../../ofp/index.ts';
import { Agent, Bridge } from '../../../switch/index.ts';
import { type Answer, ofctl } from './ofctl.ts';

/** A running `ovs-ofctl monitor`. */
export interface Monitor {
  /** Rejects after 10 s with what was printed. */
  waitFor(pattern: RegExp): Promise<void>;
  stop(): void;
}

/** A bridge whose agent listens on `br.mgmt` in a folder of its own, and ovs-ofctl talking to it by name. */
export class ServedBridge {
  readonly bridge: Bridge;
  readonly agent: Agent;
  /** Frames that left through leaf ports, by port name. */
  readonly sent = new Map<string, Uint8Array[]>();
  readonly folder: string;
  /** What ovs-ofctl speaks. */
  protocol = 'OpenFlow13';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<ServedBridge> {
    const folder = await mkdtemp(join(tmpdir(), 'ringlet-ofctl-'));
    const served = new ServedBridge(folder);
    await new Promise<void>((resolve, reject) => {
      served.#server.once('error', reject);
      served.#server.listen(join(folder, 'br.mgmt'), resolve);
    });
    return served;
  }

  private constructor(folder: string) {
    const id = 0x0000_5254_0012_3456_0000_0000_0000_0001n;
    this.folder = folder;
    this.bridge = new Bridge({ datapathId: id >> 64n, selfId: id, description: 'served for tests' });
    this.agent = new Agent(this.bridge);
    this.#server = createServer((socket) => this.#serve(socket));
  }

  addLeaf(name: string, lastMacByte: number): number {
    const sent: Uint8Array[] = [];
    this.sent.set(name, sent);
    return this.bridge.addPort(
      {
        name,
        mac: Uint8Array.of(2, 0, 0, 0, 0, lastMacByte),
        kind: 'leaf',
        send: (batch) => {
          for (const frame of batch) sent.push(frame.slice());
          return batch.length;
        },
      },
      performance.now(),
    );
  }

  /** The port that a bridge has of its own in Open vSwitch. */
  addLocal(): void {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 0xff);
    this.bridge.addPort(
      { name: 'br', mac, kind: 'leaf', no: PortNo.LOCAL, send: (batch) => batch.length },
      performance.now(),
    );
  }

  /** Runs `ovs-ofctl -O PROTOCOL COMMAND br ...`. */
  ofctl(command: string, ...args: string[]): Promise<Answer> {
    return ofctl(this.folder, this.protocol, command, args);
  }

  /** Runs `ovs-ofctl monitor br ARGS`, and resolves when the bridge knows of it. */
  async monitor(...args: string[]): Promise<Monitor> {
    const child = spawn('ovs-ofctl', ['-O', this.protocol, 'monitor', 'br', ...args], {
      env: { ...process.env, OVS_RUNDIR: this.folder },
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
    const until = async (isSo: () => boolean) => {
      for (const end = performance.now() + 10_000; !isSo(); await sleep(10)) {
        if (performance.now() > end) throw new Error(`not seen in: ${printed}`);
      }
    };
    const isListening = () => [...this.agent.connections].some(({ missSendLen }) => missSendLen > 0);
    await until(isListening);
    return { waitFor: (pattern) => until(() => pattern.test(printed)), stop: () => void child.kill() };
  }

  async stop(): Promise<void> {
    this.agent.close('the test is over');
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.folder, { recursive: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const connection = this.agent.connect(
      { send: (bytes) => void socket.write(bytes), close: () => void socket.end() },
      'service',
    );
    socket.on('data', (bytes) => connection.receive(bytes, performance.now()));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      connection.closed();
    });
  }
}
