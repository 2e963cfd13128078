import type { Logger } from 'pino';
import { systemClock } from '../../src/lib/system-clock.ts';
import {
  parseNodeConfig,
  type RunningNode,
  type RunningRendezvous,
  startNode,
  startRendezvous,
} from '../../src/node/index.ts';
import { MemoryTap } from '../../src/tap/index.ts';
import { LabError } from './errors.ts';
import { MemoryHost } from './memory-host.ts';
import type { LabNetwork, LabNode } from './network.ts';
import type { LabPlan, PlannedNode } from './plan.ts';

export interface OneProcessOptions {
  readonly plan: LabPlan;
  readonly runDirectory: string;
  readonly log: Logger;
}

/** All nodes in this process, with in-memory TAPs and hosts, and real tunnels over this machine's own addresses. */
export class OneProcessNetwork implements LabNetwork {
  readonly mode = 'one-process';
  readonly nodes: LabNode[] = [];
  /** Nothing ends by itself here. */
  readonly broken = new Promise<never>(() => {});
  readonly #options: OneProcessOptions;
  readonly #running: RunningNode[] = [];
  #rendezvous: RunningRendezvous | undefined;

  constructor(options: OneProcessOptions) {
    this.#options = options;
  }

  async start(ending: AbortSignal): Promise<void> {
    const { plan, log } = this.#options;
    this.#rendezvous = await startRendezvous({ host: '127.0.0.1', port: 0 }, log);
    ending.throwIfAborted();
    const { url } = this.#rendezvous;
    // All of them to their end, so that `stop` knows of every node that came up.
    const started = await Promise.allSettled(plan.nodes.map((node) => this.#startNode(node, url)));
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    this.nodes.push(...started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    ending.throwIfAborted();
  }

  async kill(): Promise<void> {
    throw new LabError('LAB_KILL', '--kill needs a process for each node, which takes root: run it with sudo');
  }

  async stop(): Promise<void> {
    for (const { host } of this.nodes) host.close();
    await Promise.all(this.#running.map((node) => node.stop()));
    await this.#rendezvous?.close();
  }

  async #startNode({ name, v4, v6, mac }: PlannedNode, rendezvous: string): Promise<LabNode> {
    const { runDirectory, log } = this.#options;
    const addresses = [`${v4}/24`, `${v6}/64`];
    const config = parseNodeConfig({ name, overlay: 'lab', rendezvous, addresses });
    const tap = new MemoryTap({ name: config.tap, mac, mtu: config.mtu });
    this.#running.push(await startNode(config, { runDirectory, log: log.child({ node: name }), tap }));
    const host = new MemoryHost({ cable: tap.host, mac, v4, v6, clock: systemClock });
    return { name, v4, v6, namespace: undefined, pid: process.pid, host };
  }
}
