import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { LabError } from './errors.ts';
import { withSbin } from './machine.ts';
import type { IpBatch } from './plan.ts';

/** Where ip(8) keeps named namespaces. */
const namespaceFolder = '/run/netns';

export function namespacePath(name: string): string {
  return `${namespaceFolder}/${name}`;
}

export function namespacesWithPrefix(prefix: string): string[] {
  try {
    return readdirSync(namespaceFolder).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

/** Throws LAB_IP with what ip(8) says. It stops at the first line that fails. */
export function runIp({ namespace, lines }: IpBatch): Promise<void> {
  const args = [...(namespace === undefined ? [] : ['-netns', namespace]), '-batch', '-'];
  return new Promise((resolve, reject) => {
    const env = { ...withSbin(process.env), LC_ALL: 'C' };
    const child = execFile('ip', args, { env }, (cause, _stdout, stderr) => {
      if (cause === null) return resolve();
      const [said = cause.message] = stderr.trim().split('\n');
      const wayOut = 'is this machine allowed to make network namespaces? As an ordinary user the lab needs none';
      reject(new LabError('LAB_IP', `ip failed: ${said} - ${wayOut}`, { cause }));
    });
    // It may end before it has read its input; its exit code tells why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(`${lines.join('\n')}\n`);
  });
}
