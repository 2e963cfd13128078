/**
 * Random frames through a bridge with rules of all kinds, and mutated messages into its agent: nothing throws, and memory
 * stays as it is once everything that is bounded is full.
 *
 * 20,000 of each by default; `FUZZ_FRAMES` and `FUZZ_MESSAGES` ask for more, `SEED` for an earlier run again.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import {
  encode,
  FlowModCommand,
  GroupModCommand,
  GroupNo,
  type Instruction,
  MeterModCommand,
  MeterNo,
  PortNo,
} from '../../ofp/index.ts';
import { FloodEngine } from '../../switch/flood/index.ts';
import { Agent, type AgentConnection, Bridge, floodPortNo } from '../../switch/index.ts';
import { LinkEncoder } from '../../switch/packet/index.ts';
import { apply, flowMod, mac, output } from '../unit/support/switch-lab.ts';
import { everyAction, seeds } from './support/hostile-frames.ts';
import { generator, messageCorpus, mutatedMessage, type Next } from './support/mutated-messages.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const frameCount = Number(process.env.FUZZ_FRAMES ?? 20_000);
const messageCount = Number(process.env.FUZZ_MESSAGES ?? 20_000);
const timeout = 3_700_000;

const BATCH = 32;
/** Messages of one connection. */
const PER_CONNECTION = 20;
/** Bytes that the heap, and the memory outside of it, may differ by between the first fifth of a run and its end. */
const SLACK = 4 << 20;
/** Bytes that the process may grow by meanwhile: what the collector keeps for itself comes and goes. */
const RESIDENT_SLACK = 48 << 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function memory() {
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, rss };
}

/** Does `work` as often, and compares memory after the first fifth with that at the end. */
function flat(what: string, times: number, work: (i: number) => void): void {
  const warmUp = Math.floor(times / 5);
  for (let i = 0; i < warmUp; i++) work(i);
  const before = memory();
  for (let i = warmUp; i < times; i++) work(i);
  const after = memory();
  const show = (key: keyof typeof before) =>
    `${key} ${(before[key] / 2 ** 20).toFixed(1)} -> ${(after[key] / 2 ** 20).toFixed(1)} MiB`;
  console.log(`${what} (seed ${seed}): ${show('heapUsed')}, ${show('external')}, ${show('rss')}`);
  expect(after.heapUsed - before.heapUsed).toBeLessThan(SLACK);
  expect(after.external - before.external).toBeLessThan(SLACK);
  expect(after.rss - before.rss).toBeLessThan(RESIDENT_SLACK);
}

const self = (0x11n << 64n) | 1n;
const peer = (0x22n << 64n) | 2n;
const [first, second, link] = [1, 2, 1001];

function bridgeWithPorts(): Bridge {
  const bridge = new Bridge({ datapathId: 1n, selfId: self, flood: new FloodEngine({ self, epoch: 1 }) });
  const send = (batch: readonly Uint8Array[]) => batch.length;
  for (const no of [first, second]) bridge.addPort({ kind: 'leaf', name: `p${no}`, mac: mac(no), send, no }, 0);
  bridge.addPort({ kind: 'peer', peer, name: 'link', mac: mac(9), send, no: link }, 0);
  return bridge;
}

/** Changed, cut or grown, or nothing but noise. */
function hostileFrame(next: Next): Uint8Array {
  if (next(4) === 0) return Uint8Array.from({ length: next(100) }, () => next(256));
  const bytes = Uint8Array.of(...seeds[next(seeds.length)]!, ...new Uint8Array(next(12)));
  for (let n = next(6); n > 0; n--) bytes[next(bytes.length)] = next(256);
  return next(4) === 0 ? bytes.subarray(0, next(bytes.length + 1)) : bytes;
}

test('random frames', { timeout }, () => {
  const next = generator(seed);
  const bridge = bridgeWithPorts();
  let packetIns = 0;
  bridge.observe({ packetIn: () => packetIns++ });
  bridge.changeMeters(
    { command: MeterModCommand.ADD, flags: 2, meterId: 1, bands: [{ type: 'drop', rate: 1000, burstSize: 0 }] },
    0,
  );
  const buckets = everyAction.map((action, i) => ({
    ...{ weight: 1 + (i % 3), watchPort: PortNo.ANY, watchGroup: GroupNo.ANY },
    actions: [action, output(second)],
  }));
  bridge.changeGroups({ command: GroupModCommand.ADD, groupType: 1, groupId: 1, buckets }, 0);
  // Of many masks, so that the cache has work to do.
  for (let i = 0; i < 64; i++) {
    const mask = Uint8Array.of(255, 0, 0, 0, (0xff << (i % 8)) & 0xff, 255);
    const value = mac(i).map((byte, at) => byte & mask[at]!);
    const instructions: Instruction[] = [
      apply(output(PortNo.CONTROLLER)),
      { type: 'writeActions', actions: [{ type: 'group', groupId: 1 }] },
    ];
    bridge.changeFlows(flowMod({ tableId: 2, match: [{ field: 'eth_src', value, mask }], instructions }), 0);
  }
  bridge.changeFlows(
    flowMod({
      priority: 0,
      instructions: [
        apply(output(PortNo.NORMAL), output(floodPortNo), output(link), { type: 'group', groupId: 1 }),
        { type: 'meter', meterId: 1 },
        { type: 'gotoTable', tableId: 2 },
      ],
    }),
    0,
  );
  const encoder = new LinkEncoder();
  flat('frames', Math.ceil(frameCount / BATCH), (i) => {
    const frames = Array.from({ length: BATCH }, () => hostileFrame(next));
    if (next(4) > 0) {
      bridge.receive(1 + next(2), frames, i);
    } else {
      const record = {
        mark: next(4),
        hopLimit: next(10),
        destinationHi: next(2),
        destinationLo: next(9),
        sourceHi: 0,
        sourceLo: next(9),
      };
      for (const frame of frames) encoder.append(record, frame);
      bridge.receive(link, next(2) === 0 ? frames : encoder.take(), i);
    }
    bridge.tick(i);
  });
  expect(packetIns).toBeGreaterThan(frameCount / 100);
});

test('mutated messages', { timeout }, () => {
  const next = generator(seed);
  const versions = [1, 4, 5, 6] as const;
  const corpora = versions.map((version) => messageCorpus([version], seed));
  const bridge = bridgeWithPorts();
  const agent = new Agent(bridge);
  let answered = 0;
  let connections = 0;
  let connection: AgentConnection | undefined;
  let isOpen = false;
  let corpus = corpora[0]!;
  const connect = () => {
    const at = next(versions.length);
    corpus = corpora[at]!;
    const version = versions[at]!;
    connection = agent.connect({ send: () => (answered += 1), close: () => (isOpen = false) }, 'controller');
    isOpen = true;
    connections += 1;
    connection.receive(
      encode({ type: 'hello', version, xid: 1, elements: [{ type: 'versionBitmap', bitmaps: [1 << version] }] }),
      0,
    );
  };
  flat('messages', messageCount, (i) => {
    // A wrong length makes the agent wait for what never comes.
    if (!isOpen || i % PER_CONNECTION === 0) {
      connection?.closed();
      connect();
    }
    connection!.receive(mutatedMessage(corpus, next), i);
    if (i % 100 === 0) {
      bridge.receive(1, [hostileFrame(next)], i);
      bridge.tick(i);
    }
    // What controllers put in is bounded, but large: begun again, memory can be compared.
    if (i % 2000 === 1999) {
      const all = { cookie: 0n, cookieMask: 0n, tableId: 255, command: FlowModCommand.DELETE };
      bridge.changeFlows(flowMod(all), i);
      bridge.changeGroups({ command: GroupModCommand.DELETE, groupType: 0, groupId: GroupNo.ALL, buckets: [] }, i);
      bridge.changeMeters({ command: MeterModCommand.DELETE, flags: 0, meterId: MeterNo.ALL, bands: [] }, i);
    }
  });
  connection?.closed();
  console.log(`${connections} connections, ${answered} answers`);
  expect(agent.connections.size).toBe(0);
  expect(answered).toBeGreaterThan(messageCount / 10);
});
