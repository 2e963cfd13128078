import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { effectiveCapabilities, type MachineFacts } from './mode.ts';

export function readMachineFacts(environment: NodeJS.ProcessEnv): MachineFacts {
  return {
    isRoot: process.geteuid?.() === 0,
    capabilities: effectiveCapabilities(readFileSync('/proc/self/status', 'utf8')),
    hasTun: existsSync('/dev/net/tun'),
    hasIp: withSbin(environment)
      .PATH!.split(':')
      .some((folder) => isExecutable(join(folder, 'ip'))),
  };
}

/** The smaller one of IPv4's and IPv6's; undefined where this namespace does not show it. */
export function readNeighbourLimit(): number | undefined {
  try {
    const limits = ['ipv4', 'ipv6'].map((family) =>
      Number(readFileSync(`/proc/sys/net/${family}/neigh/default/gc_thresh3`, 'utf8')),
    );
    return Math.min(...limits);
  } catch {
    return undefined;
  }
}

/** Debian keeps ip(8) where not every user's PATH leads. */
export function withSbin(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, PATH: `${environment.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin` };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
