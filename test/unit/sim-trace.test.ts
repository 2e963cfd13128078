import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CapturedFrame, readCapture } from '../../src/pcap/index.ts';
import {
  ordinaryExperiment,
  playFloods,
  type TracedFrame,
  traceFlood,
  traceToMermaid,
  writeTrace,
} from '../../tools/sim/index.ts';
import { floodOn } from '../../tools/sim/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'rgt-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = {
  edges: [
    [1n, 2n],
    [2n, 3n],
  ] as const,
};

async function read(file: string): Promise<CapturedFrame[]> {
  const frames: CapturedFrame[] = [];
  for await (const frame of readCapture(file)) frames.push(frame);
  return frames;
}

describe('a trace', () => {
  it('as a capture holds each frame where it was sent and where it arrived, in order of time', async () => {
    const { trace } = floodOn(path, { trace: true, faults: { loss: 0.3 }, seed: 3 });
    const [capture] = await writeTrace(folder, 'path', trace);
    const frames = await read(capture!);
    const arrived = trace.filter(({ fate }) => fate !== 'lost');
    expect(arrived.length).toBeLessThan(trace.length);
    expect(frames).toHaveLength(trace.length + arrived.length);
    const times = frames.map(({ timeNs }) => timeNs);
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(frames.map(({ interfaceId }) => interfaceId)).size).toBe(3);
    const first = trace.find(({ fate }) => fate === 'delivered')!;
    const at = frames.filter(({ data }) => Buffer.compare(data, first.frame) === 0).map(({ timeNs }) => timeNs);
    expect(at).toContain(BigInt(Math.round(first.sentAt * 1e6)));
    expect(at).toContain(BigInt(Math.round(first.at * 1e6)));
  });

  it('as a sequence has an arrow for each frame, in order', () => {
    const { trace } = floodOn(path, { trace: true, faults: { loss: 0.3 }, seed: 3 });
    const lines = traceToMermaid(trace).trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual(['sequenceDiagram', ...[1, 2, 3].map((n) => `  participant n${n} as ${n}`)]);
    expect(lines.slice(4)).toHaveLength(trace.length);
    expect(lines[4]).toMatch(/^ {2}n1(->>|--x)n2: \d+\.\d ms FLOOD 1\/1, (delivered|lost)$/);
    expect(lines.some((line) => /(IHAVE|ISENT) 1\/1/.test(line))).toBe(true);
    expect(lines.filter((line) => /--x.*, lost$/.test(line))).toHaveLength(
      trace.filter(({ fate }) => fate === 'lost').length,
    );
  });

  it('as a sequence is about some nodes only, and no longer than can be drawn', () => {
    const star = Array.from({ length: 400 }, (_, i) => [0n, BigInt(i + 1)] as const);
    const { trace } = floodOn({ edges: star }, { trace: true });
    const about = traceToMermaid(trace, new Set([7n]))
      .split('\n')
      .filter((line) => line.includes(' ms '));
    expect(about.length).toBeGreaterThan(0);
    for (const line of about) expect(line).toMatch(/n7\b/);
    expect(traceToMermaid(trace)).toMatch(/Note over n0: \d+ more frames are not shown\n$/);
  });
});

describe('a failed flood of an experiment', () => {
  const experiment = { ...ordinaryExperiment, nodes: 48, floods: 8, loss: 0.05, rule: 'ipop' as const, seed: 9 };

  it('is traced by running it again: the trace shows who got it', () => {
    const { failed } = playFloods(experiment, () => {});
    expect(failed.length).toBeGreaterThan(0);
    for (const flood of failed.slice(0, 2)) {
      const trace = traceFlood(experiment, flood.number);
      const delivered = trace.filter(({ fate }: TracedFrame) => fate === 'delivered').map(({ to }) => to);
      expect(new Set(delivered)).toEqual(new Set(flood.arrivals.keys()));
      expect(trace.every(({ sentAt }) => sentAt >= flood.startedAt)).toBe(true);
    }
  });

  it('is written as a file of each kind', async () => {
    const trace = traceFlood(experiment, 0);
    const files = await writeTrace(join(folder, 'deep/er'), 'flood', trace);
    expect((await read(files[0]!)).length).toBeGreaterThan(trace.length);
    expect(readFileSync(files[1]!, 'utf8')).toMatch(/^sequenceDiagram\n/);
  });
});
