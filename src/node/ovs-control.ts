import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { Controller, type OverlayApp } from '../controller/index.ts';
import type { Clock, Random } from '../lib/clock.ts';
import { listen } from '../lib/listen.ts';
import { dialler, joinStream, parseDialTarget, socketStream } from '../openflow/index.ts';
import { bridgeColumns, Database, OvsBridge, OvsError } from '../ovs/index.ts';

export interface OvsControlOptions {
  /** Name of the bridge. */
  readonly bridge: string;
  /** Where Open vSwitch's database is, in its notation. */
  readonly database: string;
  /** The node. */
  readonly owner: string;
  readonly datapathId: bigint;
  readonly app: OverlayApp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Versions of OpenFlow: 1.3, and 1.4 with its bundles. */
const versions = [4, 5] as const;
const connectMs = 10_000;
const lookMs = 20;
const clearMs = 1_000;

/** The two ways in which a node has a hand on its Open vSwitch: the database, and OpenFlow as its controller. */
export class OvsControl {
  readonly bridge: OvsBridge;
  readonly #options: OvsControlOptions;
  readonly #database: Database;
  readonly #controller: Controller;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(options: OvsControlOptions) {
    const { bridge: name, database: where, owner, datapathId, app, clock, random, log } = options;
    this.#options = options;
    this.#database = new Database({
      ...{ name: 'Open_vSwitch', columns: bridgeColumns, where, clock, random },
      dial: dialler(parseDialTarget(where)),
      events: {
        synced: () => this.bridge.changed(),
        changed: () => this.bridge.changed(),
        lost: (reason) => log.warn({ database: where, reason }, 'the database of Open vSwitch is lost'),
      },
    });
    const onProblem = (reason: string) => log.warn({ bridge: name, reason }, 'ports of Open vSwitch');
    this.bridge = new OvsBridge({ database: this.#database, clock, name, owner, onProblem });
    this.#controller = new Controller({
      ...{ apps: [app], versions, only: datapathId },
      log: (level, message, fields) => log[level](fields, message),
    });
  }

  /** The bridge is the node's, and connected. Rejects with an `OvsError` or a `ListenError`. */
  async start(): Promise<void> {
    const { bridge, datapathId, app } = this.#options;
    await this.#database.start();
    const controller = await this.#listen();
    await this.bridge.open({ controller, datapathId });
    await this.until(() => app.isConnected, `bridge ${bridge} does not connect to its controller`);
  }

  /** Rejects with OVS_TIMEOUT when it is not so within ten seconds. */
  async until(isSo: () => boolean, otherwise: string): Promise<void> {
    const { clock } = this.#options;
    for (const deadline = clock.now() + connectMs; !isSo(); ) {
      if (clock.now() > deadline) throw new OvsError('OVS_TIMEOUT', `${otherwise} within ${connectMs / 1000} s`);
      await new Promise<void>((resolve) => clock.after(lookMs, resolve));
    }
  }

  tick(now: number): void {
    this.#controller.tick(now);
  }

  /** Gives the bridge back as it was. */
  async stop(): Promise<void> {
    const { app, clock, log, bridge } = this.#options;
    await new Promise<void>((resolve) => {
      clock.after(clearMs, resolve);
      app.clear(clock.now(), resolve);
    });
    await this.#leave().catch((error: Error) => log.warn({ bridge, reason: error.message }, 'bridge not left'));
    this.#database.close();
    this.#controller.close('the node ends');
    await this.#stopListening?.();
  }

  /** A database that is lost just now may be back soon. */
  async #leave(): Promise<void> {
    const { database } = this.#options;
    if (this.bridge.isOpen) await this.until(() => this.#database.isSynced, `no connection to ${database}`);
    await this.bridge.close();
  }

  /**
   * Open vSwitch dials a Unix socket only beside its own, which the database's is. A database elsewhere on the network has its switch on
   * this machine all the same, as the ports are interfaces of it.
   */
  async #listen(): Promise<string> {
    const { owner, database, clock } = this.#options;
    const { where } = parseDialTarget(database);
    const server = createServer((socket) => {
      const { events, use } = joinStream(this.#controller, 'Open vSwitch', clock);
      use(socketStream(socket, undefined, events));
    });
    if (where.transport === 'unix') {
      const file = `ringlet-${owner}.sock`;
      this.#stopListening = await listen(server, { path: join(dirname(where.path), file) });
      return `unix:${file}`;
    }
    this.#stopListening = await listen(server, { host: '127.0.0.1', port: 0 });
    const address = server.address();
    return `tcp:127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }
}
