import { SuiteError } from './errors.ts';
import type { Sandbox } from './sandbox.ts';

type Command = (sandbox: Sandbox, args: readonly string[]) => string;

const nothing: Command = () => '';

const commands: { readonly [name: string]: Command } = {
  'vlog/set': nothing,
  'time/stop': (sandbox) => {
    sandbox.stopClock();
    return '';
  },
  'time/warp': (sandbox, [ms, step = ms]) => {
    for (let left = Number(ms); left > 0; left -= Number(step)) sandbox.warp(Math.min(left, Number(step)));
    return 'warped\n';
  },
  'netdev-dummy/receive': (sandbox, [name, ...packets]) => {
    for (const packet of packets) {
      if (!/^([0-9a-f]{2})+$/i.test(packet)) throw new SuiteError(`not a packet in hexadecimal: ${packet}`);
      sandbox.receive(name!, Uint8Array.from(Buffer.from(packet, 'hex')));
    }
    return '';
  },
};

/** Carries out a command of ovs-appctl to the switch. Throws `SuiteError`. */
export function appctl(sandbox: Sandbox, [name, ...args]: readonly string[]): string {
  const command = commands[name ?? ''];
  if (!command) throw new SuiteError(`no command ${name}`);
  return command(sandbox, args);
}
