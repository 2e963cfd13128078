/** Text and bytes of Open vSwitch, many cases in one process where it can. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OfpVersion } from '../../../ofp/index.ts';
import { needPackage } from './ofp-vectors.ts';

const OVS_OFCTL = '/usr/bin/ovs-ofctl';
/** Transaction ids of the barrier requests that stand between the messages. */
const MARK = 0xa6000000;

function ofctl(args: readonly string[], input?: Uint8Array) {
  needPackage(OVS_OFCTL, 'openvswitch-common');
  return spawnSync(OVS_OFCTL, args, { input, encoding: 'latin1', maxBuffer: 1 << 29, timeout: 60_000 });
}

const protocol = (version: OfpVersion) => `OpenFlow1${version - 1}`;

/** What `ofp-print` prints for each message, at its usual verbosity, without the last line feed. */
export function printedByOvs(messages: readonly Uint8Array[]): string[] {
  const mark = (i: number) => {
    const barrier = Buffer.from('0112000800000000', 'hex');
    barrier.writeUInt32BE((MARK + i) >>> 0, 4);
    return barrier;
  };
  const { stdout, stderr } = ofctl(['ofp-parse', '-'], Buffer.concat(messages.flatMap((m, i) => [m, mark(i)])));
  const texts: string[] = [];
  let rest = stdout;
  for (let i = 0; i < messages.length; i++) {
    const end = rest.indexOf(`OFPT_BARRIER_REQUEST (xid=0x${(MARK + i).toString(16)})`);
    if (end < 0) throw new Error(`ovs-ofctl stopped at message ${i}: ${stderr.slice(-500)}`);
    texts.push(rest.slice(0, end).replace(/\n$/, ''));
    rest = rest.slice(rest.indexOf('\n', end) + 1);
  }
  return texts;
}

/** The flow-mods that `ovs-ofctl` makes of flows, one a line; it must accept all of them. */
export function flowModsOfOvs(flows: readonly string[], version: OfpVersion): Uint8Array[] {
  const folder = mkdtempSync(join(tmpdir(), 'ofp-text-'));
  try {
    const file = join(folder, 'flows');
    writeFileSync(file, `${flows.join('\n')}\n`, 'latin1');
    const { stdout, stderr, status } = ofctl(['-O', protocol(version), '-mmmmm', 'parse-flows', file]);
    if (status !== 0) {
      const line = Number(/:(\d+):/.exec(stderr)?.[1] ?? 0);
      throw new Error(`ovs-ofctl refuses "${flows[line - 1]}": ${stderr.trim().slice(-300)}`);
    }
    return dumps(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What `ovs-ofctl` makes of one flow: its bytes, or why it refuses it. */
export function flowModOfOvs(flow: string, version: OfpVersion): Uint8Array | string {
  const { stdout, stderr } = ofctl(['-O', protocol(version), '-mmmmm', 'parse-flow', flow]);
  return dumps(stdout)[0] ?? stderr.trim();
}

/** Messages that were dumped in hexadecimal. */
function dumps(text: string): Uint8Array[] {
  const messages: string[] = [];
  for (const line of text.split('\n')) {
    const dump = /^([0-9a-f]{8}) {2}([0-9a-f -]+?) *\|/.exec(line);
    if (!dump) continue;
    if (dump[1] === '00000000') messages.push('');
    messages[messages.length - 1] += dump[2]!.replace(/[ -]/g, '');
  }
  return messages.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
}
