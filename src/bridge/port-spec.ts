import { isIP } from 'node:net';
import { type PortVlans, vlanIds } from '../../switch/index.ts';
import { BridgeError } from './errors.ts';

/**
 * A port as a user writes it: `[NUMBER@][NAME=]KIND:WHERE[,OPTION=VALUE...]`, such as
 *
 *     tap:lan0,mtu=1400,address=10.0.0.1/24     1@eth:eth1,trunks=10+20-29     vm1=punix:/run/vm1.sock,tag=10
 *
 * `mtu` and `address` belong to `tap:` alone. `tag` and `trunks` are for every port, and come last: the path of a socket may
 * hold commas.
 */
export interface PortSpec {
  /** As it was written. */
  readonly text: string;
  /** OpenFlow port number, or none in particular. */
  readonly no: number | undefined;
  /** What OpenFlow calls it. */
  readonly name: string;
  readonly device: DeviceSpec;
  readonly vlans: PortVlans | undefined;
}

export type DeviceSpec =
  | { readonly kind: 'tap'; readonly name: string; readonly mtu: number; readonly addresses: readonly string[] }
  | { readonly kind: 'eth'; readonly name: string }
  /** Frames over a Unix stream socket, each behind its length. */
  | { readonly kind: 'unix' | 'punix'; readonly path: string };

const notation =
  '[NUMBER@][NAME=]tap:NAME[,mtu=N][,address=A/LEN], eth:NAME, unix:PATH or punix:PATH, each with [,tag=N][,trunks=N+N-N]';
const form =
  /^(?:(?<no>\d{1,5})@)?(?:(?<name>[^=:,@]+)=)?(?<kind>tap|eth|unix|punix):(?<rest>.+?)(?<vlans>(,(tag|trunks)=[^,]*)*)$/s;
/** Numbers above are OpenFlow's own, or of logical ports. */
const maxNo = 64_999;
/** What OpenFlow has room for in a port's description. */
const portName = /^[\x21-\x7e]{1,15}$/;
const maxName = 15;
const standardMtu = 1500;
const mtuRange = { least: 68, most: 65_521 };

/** Throws BRIDGE_PORT_SPEC. */
export function parsePortSpec(text: string): PortSpec {
  const parts = form.exec(text)?.groups;
  if (parts === undefined) throw wrong(text, `a port is ${notation}`);
  const no = parts.no === undefined ? undefined : Number(parts.no);
  if (no !== undefined && (no < 1 || no > maxNo)) throw wrong(text, `a port number is from 1 to ${maxNo}`);
  const device = deviceParsers[parts.kind as DeviceSpec['kind']](parts.rest!, text);
  const name = parts.name ?? nameOf(device);
  if (!portName.test(name)) throw wrong(text, `'${name}' is no name for a port: put another one in front, NAME=...`);
  return { text, no, name, device, vlans: parseVlans(parts.vlans!, text) };
}

const deviceParsers: Readonly<Record<DeviceSpec['kind'], (rest: string, text: string) => DeviceSpec>> = {
  tap: parseTap,
  eth: (rest, text) => ({ kind: 'eth', name: interfaceName(rest, text) }),
  unix: (path) => ({ kind: 'unix', path }),
  punix: (path) => ({ kind: 'punix', path }),
};

function parseTap(rest: string, text: string): DeviceSpec {
  const [name = '', ...options] = rest.split(',');
  let mtu = standardMtu;
  const addresses: string[] = [];
  for (const option of options) {
    const [key, value = ''] = option.split('=', 2);
    if (key === 'mtu') mtu = parseMtu(value, text);
    else if (key === 'address') addresses.push(parseAddress(value, text));
    else throw wrong(text, `a tap has mtu=N and address=A/LEN, not '${option}'`);
  }
  return { kind: 'tap', name: interfaceName(name, text), mtu, addresses };
}

function parseVlans(options: string, text: string): PortVlans | undefined {
  if (options === '') return undefined;
  let vlans: PortVlans = {};
  for (const option of options.slice(1).split(',')) {
    const [key, value = ''] = option.split('=', 2);
    vlans = key === 'tag' ? { ...vlans, tag: parseTag(value, text) } : { ...vlans, trunks: parseTrunks(value, text) };
  }
  return vlans;
}

function parseTag(value: string, text: string): number {
  const tag = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (tag >= vlanIds.least && tag <= vlanIds.most) return tag;
  throw wrong(text, `a VLAN is from ${vlanIds.least} to ${vlanIds.most}`);
}

/** Ids and ranges of them, joined by plus signs; 0 for frames without a tag. */
function parseTrunks(value: string, text: string): ReadonlySet<number> {
  const trunks = new Set<number>();
  for (const range of value.split('+')) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range) ?? [];
    if (first === undefined || Number(first) > Number(last) || Number(last) > vlanIds.most) {
      throw wrong(text, `trunks are VLANs from 0 to ${vlanIds.most}, such as 10+20-29`);
    }
    for (let vlan = Number(first); vlan <= Number(last); vlan++) trunks.add(vlan);
  }
  return trunks;
}

function parseMtu(value: string, text: string): number {
  const mtu = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (mtu >= mtuRange.least && mtu <= mtuRange.most) return mtu;
  throw wrong(text, `an MTU is from ${mtuRange.least} to ${mtuRange.most}`);
}

function parseAddress(value: string, text: string): string {
  const [address = '', length = ''] = value.split('/');
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  const family = isIP(address);
  if (family !== 0 && bits >= 0 && bits <= (family === 4 ? 32 : 128)) return value;
  throw wrong(text, 'an address has its prefix length, such as 10.0.0.1/24 or fd00::1/64');
}

function interfaceName(name: string, text: string): string {
  if (/^[^\s/:%,=]{1,15}$/.test(name)) return name;
  throw wrong(text, `'${name}' is no interface's name`);
}

/** Sockets are called by their file's name, without its ending and without what a name may not hold. */
function nameOf(device: DeviceSpec): string {
  if (device.kind === 'tap' || device.kind === 'eth') return device.name;
  const file = device.path.slice(device.path.lastIndexOf('/') + 1).replace(/\.[a-z]+$/, '');
  return file.replace(/[^\x21-\x7e]/g, '').slice(0, maxName);
}

function wrong(text: string, reason: string): BridgeError {
  return new BridgeError('BRIDGE_PORT_SPEC', `'${text}': ${reason}`);
}
