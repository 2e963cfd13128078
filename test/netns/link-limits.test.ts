import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OverlayHost, type RunningOverlay, startOverlay } from './support/overlay.ts';

const run = promisify(execFile);
const address = (i: number) => `10.203.0.${i + 1}`;
/** Of one link, kbit/s. Where a busy machine lets frames wait and then come all at once, less passes, never more. */
const rate = 4_000;
const remark = 1_000;
const payload = 1_000;
/** With headers of UDP, IPv4 and Ethernet. */
const frameBytes = payload + 8 + 20 + 14;
const seconds = 3;
/** As the second byte of an IPv4 header: assured forwarding, class 1, drop precedence 1 and 2 (RFC 2597). */
const af11 = 0x28;
const af12 = 0x30;

let overlay: RunningOverlay | undefined;
let hosts: readonly OverlayHost[];

beforeAll(async () => {
  const limits = [['--link-rate', `${rate}`], ['--link-remark', `${remark}`], []];
  overlay = await startOverlay(limits.map((flags, i) => ['--address', `${address(i)}/24`, ...flags]));
  hosts = overlay.hosts;
  for (const [from, to] of [
    [0, 2],
    [1, 2],
    [2, 0],
  ] as const)
    await hosts[from]!.netns.run('ping', '-c', '1', '-W', '5', address(to));
}, 60_000);

afterAll(() => overlay?.stop());

/** UDP from one host to another one at `mbits` (payload), and kbit/s of frames that arrived of it. */
async function udp(from: number, to: number, mbits: number, tos = 0): Promise<number> {
  const serve = ['netns', 'exec', hosts[to]!.netns.name, 'iperf3', '-s', '-1', '--forceflush', '-B', address(to)];
  const server = spawn('ip', serve, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(server, 'exit');
  try {
    await once(server.stdout, 'data');
    const flags = ['-u', '-b', `${mbits}M`, '-l', `${payload}`, '-t', `${seconds}`, '-S', `${tos}`, '-J'];
    const client = ['netns', 'exec', hosts[from]!.netns.name, 'iperf3', '-c', address(to), ...flags];
    const { sum } = JSON.parse((await run('ip', client)).stdout).end;
    return ((sum.packets - sum.lost_packets) * frameBytes * 8) / sum.seconds / 1_000;
  } finally {
    server.kill();
    await ended;
  }
}

describe('limits of links', () => {
  it('hold the rate of what leaves, and leave alone what comes', async () => {
    const [held, free] = await Promise.all([udp(0, 2, 12), udp(2, 0, 12)]);
    console.info(`${Math.round(held)} of ${rate} kbit/s`);
    expect(held).toBeGreaterThan(rate * 0.7);
    expect(held).toBeLessThan(rate * 1.1);
    expect(free).toBeGreaterThan(rate * 2);
  });

  it('raise the drop precedence of what exceeds the rate, and of nothing else', async () => {
    const { netns } = hosts[2]!;
    const filter = `udp and src host ${address(1)}`;
    const watch = ['netns', 'exec', netns.name, 'tcpdump', '-l', '-n', '-v', '-i', 'ringlet0', filter];
    const sniffer = spawn('ip', watch, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(sniffer, 'exit');
    let text = '';
    sniffer.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    await once(sniffer.stderr, 'data');
    const arrived = await udp(1, 2, 4, af11);
    sniffer.kill('SIGINT');
    await ended;
    // Bytes, not lines: datagrams one behind the other may come in as one super-frame.
    const bytes: Record<number, number> = { [af11]: 0, [af12]: 0 };
    for (const [, tos, length] of text.matchAll(/tos 0x(\w+),[^\n]*\n[^\n]*length (\d+)/g))
      bytes[Number.parseInt(tos!, 16)]! += Number(length);
    expect(arrived).toBeGreaterThan(remark * 2);
    const kept = (bytes[af11]! / (bytes[af11]! + bytes[af12]!)) * arrived;
    console.info(
      `${Math.round(kept)} of ${Math.round(arrived)} kbit/s kept their precedence, above ${remark} it was raised`,
    );
    expect(kept).toBeGreaterThan(remark * 0.6);
    expect(kept).toBeLessThan(remark * 1.1);
  });
});
