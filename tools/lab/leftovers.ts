import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { runningNodes } from '../../src/node/client.ts';
import { namespacesWithPrefix, runIp } from './ip.ts';
import { cleanUpBatch } from './plan.ts';
import { isAlive, type ProcessId } from './processes.ts';

const pollMs = 20;
/** For nodes to leave by themselves once their lab is gone. */
const graceMs = 1_000;
const killedMs = 2_000;

/** Ends processes of a lab that was killed. They leave by themselves as a rule; who does not is killed. */
export async function endProcesses(processes: readonly ProcessId[]): Promise<void> {
  await untilDead(processes, graceMs);
  for (const each of processes.filter(isAlive)) kill(each);
  await untilDead(processes, killedMs);
}

export async function removeNamespaces(prefix: string): Promise<void> {
  const names = namespacesWithPrefix(prefix);
  if (names.length > 0) await runIp(cleanUpBatch(names));
}

/** Removes the sockets of nodes that are gone; a node that lives keeps its own, whoever runs it. */
export async function removeSockets(runDirectory: string, names: readonly string[]): Promise<void> {
  const alive = await runningNodes(runDirectory);
  for (const name of names.filter((each) => !alive.includes(each))) {
    for (const kind of ['ctl', 'mgmt']) rmSync(`${runDirectory}/${name}.${kind}`, { force: true });
  }
}

function kill({ pid }: ProcessId): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

async function untilDead(processes: readonly ProcessId[], limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (processes.some(isAlive) && performance.now() < end) await delay(pollMs);
}
