/** What `ovs-ofctl` prints for messages, many in one process. */
import { spawnSync } from 'node:child_process';
import { needPackage } from './ofp-vectors.ts';

const OVS_OFCTL = '/usr/bin/ovs-ofctl';
/** Transaction ids of the echo requests that stand between the messages. */
const MARK = 0xa5000000;

function mark(i: number): Uint8Array {
  const echo = Buffer.from('0102000800000000', 'hex');
  echo.writeUInt32BE((MARK + i) >>> 0, 4);
  return echo;
}

/** The text for each message, decode errors and all. */
export function ovsPrint(messages: readonly Uint8Array[]): string[] {
  needPackage(OVS_OFCTL, 'openvswitch-common');
  const input = Buffer.concat(messages.flatMap((message, i) => [message, mark(i)]));
  const run = spawnSync(OVS_OFCTL, ['-m', 'ofp-parse', '-'], {
    input,
    encoding: 'latin1',
    maxBuffer: 1 << 29,
    timeout: 60_000,
  });
  const texts: string[] = [];
  let rest = run.stdout;
  for (let i = 0; i < messages.length; i++) {
    const end = rest.indexOf(`OFPT_ECHO_REQUEST (xid=0x${(MARK + i).toString(16)})`);
    if (end < 0) throw new Error(`ovs-ofctl stopped at message ${i} of ${messages.length}: ${run.stderr.slice(-500)}`);
    texts.push(rest.slice(0, end));
    rest = rest.slice(rest.indexOf('\n', end) + 1);
  }
  return texts;
}
