import { LabError } from './errors.ts';
import type { LabPlan } from './plan.ts';

export interface LabWish {
  readonly plan: LabPlan;
  readonly kill: string | undefined;
  /** What stands against namespaces. */
  readonly obstacles: readonly string[];
  /** Entries that the kernel's neighbour tables hold, of all namespaces together; undefined: not known. */
  readonly neighbourLimit: number | undefined;
}

/** Multicast groups and routers, which a host's tables hold besides the other hosts. */
const ownEntries = 8;

/** Throws LAB_KILL or LAB_TOO_LARGE for what cannot succeed here. */
export function checkWish({ plan, kill, obstacles, neighbourLimit }: LabWish): void {
  const count = plan.nodes.length;
  if (kill !== undefined) {
    if (!plan.nodes.some(({ name }) => name === kill)) {
      throw new LabError('LAB_KILL', `--kill names no node of this lab: choose one of n1 to n${count}`);
    }
    if (obstacles.length > 0) {
      const why = obstacles.join(', ');
      throw new LabError('LAB_KILL', `--kill takes a process for each node, which cannot be here: ${why}`);
    }
    if (count < 3)
      throw new LabError('LAB_KILL', '--kill leaves one node of two, which reaches nobody: take --nodes 3');
  }
  const needed = count * (count - 1 + ownEntries);
  if (obstacles.length === 0 && neighbourLimit !== undefined && needed > neighbourLimit) {
    const settings = ['ipv4', 'ipv6'].map((family) => `net.${family}.neigh.default.gc_thresh3=${needed}`).join(' ');
    throw new LabError(
      'LAB_TOO_LARGE',
      `${count} hosts that all talk to each other need ${needed} entries in this kernel's neighbour table, ` +
        `which holds ${neighbourLimit}: take fewer --nodes, or run: sysctl -w ${settings}`,
    );
  }
}
