import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabReport } from '../../tools/lab/index.ts';
import { type RunningLab, startLab } from './support/lab.ts';

const run = promisify(execFile);
const megabytes = 100;

/** Serves pseudo-random bytes, so that no repetition can stand in for the right content; prints their SHA-256. */
const server = `
  const { createCipheriv, createHash } = require('node:crypto');
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16, 1));
  const chunks = Array.from({ length: ${megabytes} }, () => stream.update(Buffer.alloc(1e6)));
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const http = require('node:http').createServer((_request, response) => {
    response.setHeader('content-length', ${megabytes}e6);
    require('node:stream').Readable.from(chunks).pipe(response);
  });
  http.listen(8080, process.argv[1], () => console.log(hash.digest('hex')));
`;
const client = `
  const hash = require('node:crypto').createHash('sha256');
  let bytes = 0;
  require('node:http').get(process.argv[1], (response) => {
    response.on('data', (chunk) => { hash.update(chunk); bytes += chunk.length; });
    response.on('end', () => console.log(JSON.stringify({ bytes, sha256: hash.digest('hex') })));
  });
`;

describe('8 nodes carry real traffic between hosts that no link joins', () => {
  let lab: RunningLab;
  let from: LabReport['nodes'][number];
  let to: LabReport['nodes'][number];

  beforeAll(async () => {
    lab = await startLab(8);
    expect(lab.report.failures).toEqual([]);
    [from, to] = farApart(lab.report);
  }, 60_000);

  afterAll(() => lab?.stop());

  it('iperf3, TCP over IPv4 and UDP over IPv6', async () => {
    for (const [address, ...options] of [[to.v4], [to.v6, '-u', '-b', '5M', '-l', '1000']]) {
      let end: IperfReport['end'];
      const listener = inNamespace(to.namespace!, 'iperf3', '-s', '-1', '--forceflush', '-B', address!);
      const ended = new Promise((resolve) => listener.once('exit', resolve));
      try {
        await new Promise((resolve) => listener.stdout.once('data', resolve));
        const args = ['netns', 'exec', from.namespace!, 'iperf3', '-c', address!, '-t', '3', '-J', ...options];
        end = (JSON.parse((await run('ip', args)).stdout) as IperfReport).end;
      } finally {
        listener.kill();
        await ended;
      }
      const received = options.length > 0 ? end.sum.bytes * (1 - end.sum.lost_percent / 100) : end.sum_received.bytes;
      // Far below what it does, far above what retransmissions through a hole would.
      expect(received).toBeGreaterThan(1e6);
    }
  }, 60_000);

  it(`an HTTP download of ${megabytes} MB, to the last bit`, async () => {
    const listener = inNamespace(to.namespace!, process.execPath, '-e', server, to.v4);
    try {
      const sha256 = await new Promise<string>((resolve) => {
        listener.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      });
      const url = `http://${to.v4}:8080/`;
      const { stdout } = await run('ip', ['netns', 'exec', from.namespace!, process.execPath, '-e', client, url]);
      expect(JSON.parse(stdout)).toEqual({ bytes: megabytes * 1e6, sha256 });
    } finally {
      listener.kill();
    }
  }, 120_000);
});

interface IperfReport {
  readonly end: {
    readonly sum_received: { readonly bytes: number };
    readonly sum: { readonly bytes: number; readonly lost_percent: number };
  };
}

function inNamespace(namespace: string, ...command: string[]) {
  return spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Two nodes that are not linked, as far from each other on the ring as any such two are. */
function farApart({ nodes, ring }: LabReport): [LabReport['nodes'][number], LabReport['nodes'][number]] {
  const linked = new Set(ring.links.flatMap(({ a, b }) => [`${a}/${b}`, `${b}/${a}`]));
  const steps = (a: string, b: string) => {
    const apart = Math.abs(ring.order.indexOf(a) - ring.order.indexOf(b));
    return Math.min(apart, nodes.length - apart);
  };
  const pairs = nodes.flatMap((a) => nodes.map((b) => [a, b] as const)).filter(([a, b]) => a !== b);
  const apart = pairs.filter(([a, b]) => !linked.has(`${a.name}/${b.name}`));
  const [best] = apart.sort(([a, b], [c, d]) => steps(c.name, d.name) - steps(a.name, b.name));
  return [best![0], best![1]];
}
