/**
 * Controllers: learning decisions a second, and how long one takes, beside os-ken in the same run.
 *
 *   npm run bench -- controller
 *
 * 16 switches of 1,000 hosts each show the controller frames, as cbench does; each controller runs in a process of its own. Prints the
 * machine, medians and ratios. Ends with exit code 1 if a figure is below its target.
 */
import { fileURLToPath } from 'node:url';
import { machine, median } from '../machine.ts';
import { type Contestant, RunningContestant } from './contestant.ts';
import { FakeSwitch } from './fake-switch.ts';

const switches = 16;
const window = 64;
const rounds = 5;
const roundMs = 1000;
const manySwitches = 1000;
/** Of each of the many. */
const fewHosts = 100;
/** Room for what lives long, MiB: Node would otherwise let garbage grow to several times that before it looks for it. */
const heap = 128;
const target = { ratio: 8, p99Ms: 1, growth: 1.1 };

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const script = fileURLToPath(new URL('../../../../test/netns/support/learning-switch.py', import.meta.url));
const ringlet = [process.execPath, main, 'controller', '--listen', 'ptcp:PORT:127.0.0.1', '--log-level', 'warn'];
const osken = ['osken-manager', '--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', 'PORT', script];

const contestants: readonly Contestant[] = [
  { name: 'ringlet 1.3', command: ringlet, version: 4, answer: { type: 'flowMod', count: 2 } },
  { name: 'ringlet 1.0', command: ringlet, version: 1, answer: { type: 'packetOut', count: 1 } },
  {
    name: 'os-ken 1.3',
    command: osken,
    version: 4,
    answer: { type: 'packetOut', count: 1 },
    environment: { OFP_MINOR: '3', PYTHONDONTWRITEBYTECODE: '1' },
  },
];

interface Figures {
  /** Answers a second with a window of 64, and of 1, at each of 16 switches. */
  readonly wide: number;
  readonly narrow: number;
  /** Answers for a second of the processor that the controller took: what other programs do counts less. */
  readonly widePerCpu: number;
  readonly narrowPerCpu: number;
  /** One switch, one frame at a time, ms. */
  readonly p50: number;
  readonly p99: number;
}

let port = 17_000 + (process.pid % 10_000);

async function connectAll({ version, answer }: Contestant, count: number, hosts = 1000): Promise<FakeSwitch[]> {
  const made: FakeSwitch[] = [];
  for (let i = 0; i < count; i += 50) {
    const ids = Array.from({ length: Math.min(50, count - i) }, (_, j) => BigInt(i + j + 1));
    const options = { host: '127.0.0.1', port, version, answer, hosts };
    made.push(...(await Promise.all(ids.map((datapathId) => FakeSwitch.connect({ ...options, datapathId })))));
  }
  return made;
}

/** Answers a second while each switch keeps `outstanding` frames unanswered. */
async function rate(all: readonly FakeSwitch[], outstanding: number, ms = roundMs): Promise<number> {
  let isOver = false;
  for (const each of all) {
    each.begin();
    let due = 0;
    each.onAnswer = () => {
      due += 1;
      if (isOver || due > 1) return;
      // What is answered in one piece is asked in one piece.
      setImmediate(() => {
        const count = due;
        due = 0;
        if (!isOver) each.show(count);
      });
    };
    each.show(outstanding);
  }
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  isOver = true;
  const answered = all.reduce((sum, each) => sum + each.answered, 0);
  const perSecond = (answered * 1000) / (performance.now() - start);
  await answeredAll(all);
  return perSecond;
}

/** Late answers are not to count for what is measured next. */
async function answeredAll(all: readonly FakeSwitch[]): Promise<void> {
  for (const end = performance.now() + 20_000; all.some(({ outstanding }) => outstanding > 0); ) {
    if (performance.now() > end) throw new Error('frames were not answered');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How long single answers take, ms, in order. */
async function latencies(only: FakeSwitch, ms: number): Promise<number[]> {
  const times: number[] = [];
  let askedAt = 0;
  let isOver = false;
  only.begin();
  const ask = () => {
    askedAt = performance.now();
    only.show(1);
  };
  only.onAnswer = () => {
    times.push(performance.now() - askedAt);
    if (!isOver) ask();
  };
  ask();
  await new Promise((resolve) => setTimeout(resolve, ms));
  isOver = true;
  await answeredAll([only]);
  return times.sort((a, b) => a - b);
}

async function measure(contestant: Contestant): Promise<Figures> {
  port += 1;
  const running = await RunningContestant.start(contestant, port);
  try {
    const all = await connectAll(contestant, switches);
    await rate(all, window);
    const wide: number[] = [];
    const narrow: number[] = [];
    const [widePerCpu, narrowPerCpu]: [number[], number[]] = [[], []];
    const measureRate = async (outstanding: number, rates: number[], perCpu: number[]) => {
      const before = running.cpuSeconds;
      rates.push(await rate(all, outstanding));
      perCpu.push(all.reduce((sum, { answered }) => sum + answered, 0) / (running.cpuSeconds - before));
    };
    for (let i = 0; i < rounds; i++) {
      await measureRate(window, wide, widePerCpu);
      await measureRate(1, narrow, narrowPerCpu);
    }
    await latencies(all[0]!, 500);
    const times = await latencies(all[0]!, 3000);
    for (const each of all) each.close();
    const at = (share: number) => times[Math.floor(times.length * share)]!;
    const [a, b, c, d] = [wide, widePerCpu, narrow, narrowPerCpu].map(median) as [number, number, number, number];
    return { wide: a, widePerCpu: b, narrow: c, narrowPerCpu: d, p50: at(0.5), p99: at(0.99) };
  } finally {
    await running.stop();
  }
}

/** Memory with many switches, before and after loads. */
async function memory(contestant: Contestant): Promise<number[]> {
  port += 1;
  const running = await RunningContestant.start(contestant, port);
  try {
    const figures = [running.memory];
    const all = await connectAll(contestant, manySwitches, fewHosts);
    for (let i = 0; i < 4; i++) {
      await rate(all, 1, 10_000);
      figures.push(running.memory);
    }
    for (const each of all) each.close();
    return figures;
  } finally {
    await running.stop();
  }
}

const thousands = (value: number) => Math.round(value).toLocaleString('en').padStart(14);
console.log(`${machine()}\n`);
const titles = [`window ${window}`, 'a CPU second', 'window 1', 'a CPU second']
  .map((title) => title.padStart(14))
  .join('');
console.log(`${'answers a second'.padEnd(16)}${titles}   one switch, one frame: p50, p99`);
const figures = new Map<string, Figures>();
for (const contestant of contestants) {
  const figure = await measure(contestant);
  figures.set(contestant.name, figure);
  const rates = [figure.wide, figure.widePerCpu, figure.narrow, figure.narrowPerCpu];
  const times = `${figure.p50.toFixed(3)} ms, ${figure.p99.toFixed(3)} ms`;
  console.log(`${contestant.name.padEnd(16)}${rates.map(thousands).join('')}   ${times}`);
}
const theirs = figures.get('os-ken 1.3')!;
let isShort = false;
for (const name of ['ringlet 1.3', 'ringlet 1.0']) {
  const ours = figures.get(name)!;
  isShort ||= ours.wide / theirs.wide < target.ratio || ours.p99 > target.p99Ms;
  const ratios = (['wide', 'widePerCpu', 'narrow', 'narrowPerCpu'] as const).map((key) => ours[key] / theirs[key]);
  console.log(`${name}: ${ratios.map((ratio) => ratio.toFixed(1)).join(', ')} times os-ken`);
}
const bounded = [process.execPath, `--max-old-space-size=${heap}`, ...ringlet.slice(1)];
const [before, ...after] = await memory({ ...contestants[0]!, command: bounded });
const resident = after.map((mebibytes) => mebibytes.toFixed(0)).join(', ');
console.log(
  `\n${manySwitches} switches of ${fewHosts} hosts, four loads of 10 s: ${before!.toFixed(0)} MiB before, then ${resident} MiB`,
);
isShort ||= after.at(-1)! > after[1]! * target.growth;
if (isShort) {
  console.log(`below the targets: ${target.ratio} times os-ken, p99 of ${target.p99Ms} ms, memory flat`);
  process.exitCode = 1;
}
