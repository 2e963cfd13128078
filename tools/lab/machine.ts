import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { effectiveCapabilities, type MachineFacts } from './mode.ts';

export function readMachineFacts(environment: NodeJS.ProcessEnv): MachineFacts {
  return {
    isRoot: process.geteuid?.() === 0,
    capabilities: effectiveCapabilities(readFileSync('/proc/self/status', 'utf8')),
    hasTun: isAccessible('/dev/net/tun', constants.R_OK | constants.W_OK),
    hasIp: withSbin(environment)
      .PATH!.split(':')
      .some((folder) => isAccessible(join(folder, 'ip'), constants.X_OK)),
  };
}

/** Debian keeps ip(8) where not every user's PATH leads. */
export function withSbin(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, PATH: `${environment.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin` };
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
