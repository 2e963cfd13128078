import type { OfpVersion } from '../../ofp/index.ts';
import { SuiteError } from './errors.ts';
import type { Sandbox } from './sandbox.ts';

const protocols: { readonly [name: string]: OfpVersion } = {
  OpenFlow10: 1,
  OpenFlow11: 2,
  OpenFlow12: 3,
  OpenFlow13: 4,
  OpenFlow14: 5,
  OpenFlow15: 6,
};

/** Each returns what it prints. */
type Command = (sandbox: Sandbox, args: readonly string[]) => string;

const nothing: Command = () => '';

const commands: { readonly [name: string]: Command } = {
  init: nothing,
  'set-controller': nothing,
  'del-controller': nothing,
  'add-br': (sandbox, [name]) => {
    sandbox.bridges.set(name!, {
      name: name!,
      datapathId: 1n,
      mac: Uint8Array.of(0xaa, 0x55, 0xaa, 0x55, 0, 0),
      versions: Object.values(protocols),
      interfaces: new Map(),
    });
    return '';
  },
  'del-br': (sandbox, [name]) => {
    sandbox.bridges.delete(name!);
    return '';
  },
  'add-port': (sandbox, [bridge, name]) => {
    sandbox.bridge(bridge!).interfaces.set(name!, { name: name!, wanted: undefined, ofport: undefined });
    return '';
  },
  'del-port': (sandbox, args) => {
    for (const { interfaces } of sandbox.bridges.values()) interfaces.delete(args.at(-1)!);
    return '';
  },
  set: (sandbox, [table, record, ...columns]) => {
    const set = settable[table!.toLowerCase()];
    if (!set) throw new SuiteError(`no table ${table}`);
    for (const column of columns) {
      const at = column.indexOf('=');
      set(sandbox, record!, column.slice(0, at), column.slice(at + 1));
    }
    return '';
  },
  get: (sandbox, [table, record, column]) => {
    if (table !== 'Interface' || column !== 'ofport') throw new SuiteError(`no ${column} of ${table}`);
    return `${sandbox.interface(record!).ofport ?? '[]'}\n`;
  },
};

type Setter = (sandbox: Sandbox, record: string, column: string, value: string) => void;

const settable: { readonly [table: string]: Setter } = {
  bridge: (sandbox, record, column, value) => {
    const bridge = sandbox.bridge(record);
    if (column === 'other-config:datapath-id') bridge.datapathId = BigInt(`0x${value}`);
    else if (column === 'other-config:hwaddr')
      bridge.mac = Uint8Array.from(value.split(':'), (byte) => Number(`0x${byte}`));
    else if (column === 'protocols') bridge.versions = versionsIn(value);
    else if (column !== 'datapath-type' && column !== 'fail-mode') throw new SuiteError(`no ${column} of a bridge`);
  },
  interface: (sandbox, record, column, value) => {
    if (column === 'ofport_request') sandbox.interface(record).wanted = Number(value);
    else if (column !== 'type' && !column.startsWith('options:')) throw new SuiteError(`no ${column} of an interface`);
  },
};

function versionsIn(text: string): OfpVersion[] {
  return (text.match(/OpenFlow1[0-5]/g) ?? []).map((name) => protocols[name]!);
}

/** Carries out commands in the syntax of ovs-vsctl, separated by `--`. Throws `SuiteError`. */
export async function vsctl(sandbox: Sandbox, args: readonly string[]): Promise<string> {
  const lists: string[][] = [[]];
  for (const arg of args) {
    if (arg === '--') lists.push([]);
    else if (!/^--(no-wait|may-exist|if-exists|timeout)/.test(arg)) lists.at(-1)!.push(arg);
  }
  let printed = '';
  const gets = lists.filter(([name]) => name === 'get');
  for (const [name, ...rest] of lists) {
    if (name === undefined || name === 'get') continue;
    const command = commands[name];
    if (!command) throw new SuiteError(`no command ${name}`);
    printed += command(sandbox, rest);
  }
  await sandbox.apply();
  for (const [, ...rest] of gets) printed += commands.get!(sandbox, rest);
  return printed;
}
