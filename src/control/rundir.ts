import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ControlError } from './errors.ts';

/** Where the sockets of running nodes and bridges live. */
export function runDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.RINGLET_RUNDIR) return env.RINGLET_RUNDIR;
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return '/run/ringlet';
  return env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'ringlet') : `/tmp/ringlet-${uid}`;
}

/** Only its owner may talk to what runs in it; a directory that somebody else made is refused. */
export function makeRunDirectory(directory: string): void {
  const wayOut = 'set RINGLET_RUNDIR to a directory of yours';
  try {
    makeDirectory(directory);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new ControlError('CONTROL_RUNDIR', `cannot make ${directory} (${reason}): ${wayOut}`, { cause });
  }
  if (statSync(directory).uid !== process.getuid?.()) {
    throw new ControlError('CONTROL_RUNDIR', `${directory} belongs to another user: ${wayOut}`);
  }
}

/** With its parents. Not by mkdir's `recursive`, which never returns where a file system lets nobody make directories. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Of questions and answers. */
export function controlSocket(directory: string, name: string): string {
  return join(directory, `${name}.ctl`);
}

/** OpenFlow, as `ovs-ofctl` expects it beside a bridge's name. */
export function managementSocket(directory: string, name: string): string {
  return join(directory, `${name}.mgmt`);
}

/** Names that have a control socket; whether somebody still listens behind it is another matter. */
export function socketNames(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.ctl'))
      .map((file) => file.slice(0, -'.ctl'.length))
      .sort();
  } catch {
    return [];
  }
}

/** Where a bridge shows what it and its controllers say, as `ovs-ofctl snoop` expects it. */
export function snoopSocket(directory: string, name: string): string {
  return join(directory, `${name}.snoop`);
}
