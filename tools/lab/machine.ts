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
