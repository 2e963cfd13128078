import { orAborted } from './abort.ts';
import { LabChild } from './child.ts';
import { LabError } from './errors.ts';
import { runIp } from './ip.ts';
import { KernelHost } from './kernel-host.ts';
import { removeNamespaces, removeSockets } from './leftovers.ts';
import type { LabNetwork, LabNode } from './network.ts';
import { type LabPlan, nodeArguments, setUpBatches } from './plan.ts';
import type { LabStateFile } from './state.ts';

export interface NamespaceOptions {
  readonly plan: LabPlan;
  readonly runDirectory: string;
  readonly state: LabStateFile;
  /** The command line of `ringlet`. */
  readonly program: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly logLevel: string;
  readonly onLine: (line: string) => void;
}

const graceMs = 3_000;

/** Each node a process in a network namespace of its own, joined by a bridge in another one. */
export class NamespaceNetwork implements LabNetwork {
  readonly mode = 'namespaces';
  readonly nodes: LabNode[] = [];
  readonly broken: Promise<never>;
  readonly #options: NamespaceOptions;
  readonly #children = new Map<string, LabChild>();
  readonly #killed = new Set<string>();
  #break!: (error: LabError) => void;
  #isStopping = false;

  constructor(options: NamespaceOptions) {
    this.#options = options;
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => {});
  }

  /** Throws LAB_IP or LAB_PROCESS as well. */
  async start(ending: AbortSignal): Promise<void> {
    const { plan, logLevel } = this.#options;
    const [namespaces, underlay, ...others] = setUpBatches(plan);
    await runIp(namespaces!);
    await runIp(underlay!);
    await Promise.all(others.map(runIp));
    ending.throwIfAborted();
    const rendezvous = ['rendezvous', '--listen', plan.underlay.rendezvous, '--log-level', logLevel];
    await orAborted(this.#spawn('rendezvous', plan.underlay.namespace, rendezvous).ready, ending);
    const children = plan.nodes.map((node) => ({
      node,
      child: this.#spawn(node.name, node.namespace, nodeArguments(node, plan, logLevel)),
    }));
    await orAborted(Promise.all(children.map(({ child }) => child.ready)), ending);
    for (const { node, child } of children) {
      const { name, v4, v6, namespace } = node;
      this.nodes.push({ name, v4, v6, namespace, pid: child.id.pid, host: new KernelHost(namespace) });
    }
  }

  async kill(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined) throw new LabError('LAB_KILL', `there is no node ${name}`);
    this.#killed.add(name);
    child.kill();
    await child.ended;
  }

  async stop(hurry: AbortSignal): Promise<void> {
    this.#isStopping = true;
    for (const { host } of this.nodes) host.close();
    const { plan, runDirectory } = this.#options;
    const children = [...this.#children.values()];
    const isNode = ({ name }: LabChild) => name !== 'rendezvous';
    await Promise.all(children.filter(isNode).map((child) => child.end(graceMs, hurry)));
    await Promise.all(children.map((child) => child.end(graceMs, hurry)));
    await removeSockets(
      runDirectory,
      plan.nodes.map(({ name }) => name),
    );
    await removeNamespaces(plan.prefix);
  }

  #spawn(name: string, namespace: string, args: readonly string[]): LabChild {
    const { plan, program, environment, runDirectory, state, onLine } = this.#options;
    const child = new LabChild({
      name,
      command: ['ip', 'netns', 'exec', namespace, ...program, ...args],
      environment: { ...environment, RINGLET_RUNDIR: runDirectory },
      onLine,
    });
    this.#children.set(name, child);
    state.record(
      [...this.#children.values()].map(({ id }) => id),
      plan.nodes.map((node) => node.name),
    );
    child.ended.then((why) => {
      if (!this.#isStopping && !this.#killed.has(name)) {
        this.#break(new LabError('LAB_PROCESS', `${name} is gone: ${why}`));
      }
    });
    return child;
  }
}
