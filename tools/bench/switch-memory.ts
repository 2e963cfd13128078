import { FlowModCommand, type Instruction, NO_BUFFER, type OxmField, PortNo } from '../../ofp/index.ts';
import { Bridge, type FlowChange, FlowTables } from '../../switch/index.ts';
import { type FlowKey, Packet, put16, put32 } from '../../switch/packet/index.ts';
import { median } from './machine.ts';

/** Lookups a second on a cache hit with 10,000 flows. */
const TARGET = 3_000_000;
/** Lookups with the most rules take at most this many times those with the fewest. */
const GROWTH = 2;
const ROUNDS = 7;
const ROUND_MS = 250;
const FLOWS = 10_000;
const RULES = [100, 1000, 10_000, 50_000];
const BATCH = 32;
/** As many as the MAC table holds, and fewer. */
const HOSTS = 4096;

const tcp = 6;
const ip = (n: number): number => (0x0a000000 | n) >>> 0;

function add(fields: Partial<FlowChange>): FlowChange {
  return {
    ...{ command: FlowModCommand.ADD, tableId: 0, cookie: 0n, cookieMask: 0n, idleTimeout: 0, hardTimeout: 0 },
    ...{ priority: 1, bufferId: NO_BUFFER, outPort: PortNo.ANY, outGroup: PortNo.ANY, flags: 0 },
    ...{ match: [], instructions: [] },
    ...fields,
  };
}

const output = (port: number): Instruction => ({
  type: 'applyActions',
  actions: [{ type: 'output', port, maxLen: 0 }],
});

/** A 64-byte TCP segment (without FCS) from host `flow` to host 1. */
function segment(flow: number): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, flow >> 8, flow, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, tcp]);
  put32(frame, 26, ip(flow));
  put32(frame, 30, ip(1 << 20));
  put16(frame, 34, 1024 + (flow % 50_000));
  put16(frame, 36, 80);
  frame[46] = 0x50;
  return frame;
}

/** Rules of 24 shapes: prefixes of the source address, with and without the port; each flow matches several of them. */
function rule(i: number): FlowChange {
  const bits = 32 - (i % 12);
  const mask = (0xffffffff << (32 - bits)) >>> 0;
  const match: OxmField[] = [
    { field: 'eth_type', value: 0x800 },
    { field: 'ip_proto', value: tcp },
    { field: 'ipv4_src', value: (ip(i) & mask) >>> 0, mask },
  ];
  if (i % 2 === 1) match.push({ field: 'tcp_dst', value: 80 });
  return add({ priority: 1 + (i % 5), match, instructions: [output(2)] });
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Median rate of `work`, which returns how many times it did something. */
function rate(work: () => number): number {
  const rounds = Array.from({ length: ROUNDS + 2 }, () => {
    const start = cpuMs();
    let done = 0;
    let spent = 0;
    while (spent < ROUND_MS) {
      done += work();
      spent = cpuMs() - start;
    }
    return (done * 1000) / spent;
  });
  return median(rounds.slice(2));
}

function show(name: string, perSecond: number): void {
  const millions = (perSecond / 1e6).toFixed(2).padStart(8);
  console.log(`${name.padEnd(58)}${millions} M/s  ${(1e9 / perSecond).toFixed(0).padStart(6)} ns`);
}

function keysOf(frames: readonly Uint8Array[]): FlowKey[] {
  return frames.map((frame) => {
    const packet = new Packet();
    packet.load(frame);
    packet.setContext(1, 0, 0, 0, 0);
    return packet.key.slice();
  });
}

function lookups(frames: readonly Uint8Array[]): number[] {
  const keys = keysOf(frames);
  return RULES.map((rules) => {
    const tables = new FlowTables(() => {});
    for (let i = 0; i < rules; i++) tables.change(rule(i), 0);
    const table = tables.open(0);
    const perSecond = rate(() => {
      for (const key of keys) table.lookup(key);
      return keys.length;
    });
    show(`lookups, ${rules} rules of 24 masks, ${FLOWS} flows`, perSecond);
    const cold = rate(() => {
      for (let i = 0; i < keys.length; i += BATCH) {
        // A change of the table: nothing that was known of it before counts.
        tables.change(rule(0), 0);
        for (let j = i; j < Math.min(i + BATCH, keys.length); j++) table.lookup(keys[j]!);
      }
      return keys.length;
    });
    show(`  the same, with a flow-mod every ${BATCH} lookups`, cold);
    return perSecond;
  });
}

function bridgeWith(changes: readonly FlowChange[]): Bridge {
  const bridge = new Bridge({ datapathId: 1n, selfId: 1n << 64n });
  for (const last of [1, 2]) {
    const mac = Uint8Array.of(2, 0, 0, 0, 1, last);
    bridge.addPort({ kind: 'leaf', name: `p${last}`, mac, send: (batch) => batch.length }, 0);
  }
  for (const change of changes) bridge.changeFlows(change, 0);
  return bridge;
}

function forwarding(frames: readonly Uint8Array[]): void {
  const batches = Array.from({ length: Math.floor(frames.length / BATCH) }, (_, i) =>
    frames.slice(i * BATCH, (i + 1) * BATCH),
  );
  const run = (name: string, changes: readonly FlowChange[], used = batches): void => {
    const bridge = bridgeWith(changes);
    show(
      name,
      rate(() => {
        for (const batch of used) bridge.receive(1, batch, 0);
        return used.length * BATCH;
      }),
    );
  };
  run('frames, one rule', [add({ instructions: [output(2)] })]);
  const hosts = batches.slice(0, HOSTS / BATCH);
  run(`frames, NORMAL, ${HOSTS} hosts`, [add({ instructions: [output(PortNo.NORMAL)] })], hosts);
  run(
    'frames, 1000 rules',
    Array.from({ length: 1000 }, (_, i) => rule(i)),
  );
  const through = Array.from({ length: 4 }, (_, tableId) =>
    Array.from({ length: 1000 }, (_, i): FlowChange => {
      const step: Instruction[] = tableId < 3 ? [{ type: 'gotoTable', tableId: tableId + 1 }] : [output(2)];
      return { ...rule(i), tableId, instructions: step };
    }),
  );
  run('frames, four tables of 1000 rules', through.flat());
}

/**
 * Lookups in one flow table, and frames from port to port, without ports or sockets. Prints medians of several rounds, in
 * time of the processor, so that other programs on the machine disturb less; false: lookups are below the target, or slow
 * down with the number of rules.
 */
export function measureInMemory(): boolean {
  const frames = Array.from({ length: FLOWS }, (_, flow) => segment(flow));
  const rates = lookups(frames);
  forwarding(frames);
  const atTarget = rates[RULES.indexOf(FLOWS)]!;
  const growth = rates[0]! / rates.at(-1)!;
  console.log(
    `${FLOWS} rules: ${(atTarget / TARGET).toFixed(2)} times the target; ${RULES.at(-1)} rules take ${growth.toFixed(2)} times as long as ${RULES[0]}`,
  );
  return atTarget >= TARGET && growth <= GROWTH;
}
