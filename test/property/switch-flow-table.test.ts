import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowModCommand, FlowModFlags, FlowRemovedReason, type OxmField, PortNo, TableNo } from '../../ofp/index.ts';
import { type FlowChange, FlowTables, OpenFlowRefusal } from '../../switch/index.ts';
import { Packet } from '../../switch/packet/index.ts';
import { apply, flowMod, output } from '../unit/support/switch-lab.ts';

/** Few values, so that entries meet. */
const bit = fc.nat(2);
const ethType: OxmField = { field: 'eth_type', value: 0x0800 };

const match: fc.Arbitrary<OxmField[]> = fc
  .record(
    {
      in_port: fc.integer({ min: 1, max: 3 }),
      metadata: fc.tuple(bit, fc.constantFrom(1n, 3n, 0xffff_ffff_ffff_ffffn)),
      eth_dst: fc.tuple(bit, fc.boolean()),
      ip: fc.boolean(),
      ipv4_dst: fc.tuple(bit, fc.constantFrom(0xff00_0000, 0xffff_ffff, 3)),
      ip_proto: fc.constantFrom(6, 17),
    },
    { requiredKeys: [] },
  )
  .map((chosen) => {
    const fields: OxmField[] = [];
    if (chosen.in_port) fields.push({ field: 'in_port', value: chosen.in_port });
    if (chosen.metadata) {
      const [value, mask] = chosen.metadata;
      fields.push({ field: 'metadata', value: BigInt(value) & mask, mask });
    }
    if (chosen.eth_dst) {
      const [last, isMasked] = chosen.eth_dst;
      const value = Uint8Array.of(2, 0, 0, 0, 0, isMasked ? last & 1 : last);
      fields.push(
        isMasked
          ? { field: 'eth_dst', value, mask: Uint8Array.of(255, 255, 255, 255, 255, 1) }
          : { field: 'eth_dst', value },
      );
    }
    if (!chosen.ip) return fields;
    fields.push(ethType);
    if (chosen.ip_proto) fields.push({ field: 'ip_proto', value: chosen.ip_proto });
    if (chosen.ipv4_dst) {
      const [value, mask] = chosen.ipv4_dst;
      fields.push({ field: 'ipv4_dst', value: (value & mask) >>> 0, mask });
    }
    return fields;
  });

interface Traits {
  readonly inPort: number;
  readonly metadata: number;
  readonly dst: number;
  readonly isIp: boolean;
  readonly ipDst: number;
  readonly proto: number;
}

const traits: fc.Arbitrary<Traits> = fc.record({
  inPort: fc.integer({ min: 1, max: 3 }),
  metadata: bit,
  dst: bit,
  isIp: fc.boolean(),
  ipDst: bit,
  proto: fc.constantFrom(6, 17, 1),
});

function packetOf({ inPort, metadata, dst, isIp, ipDst, proto }: Traits): Packet {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, 9, 0x08, isIp ? 0x00 : 0x06]);
  if (isIp) frame.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 0, 0, 0, ipDst], 14);
  const packet = new Packet();
  packet.load(frame);
  packet.setContext(inPort, 0, metadata, 0, 0);
  return packet;
}

/** Whether a packet has what a field asks for, said as plainly as can be. */
function hasField(packet: Traits, field: OxmField): boolean {
  const checks: Record<string, () => boolean> = {
    in_port: () => field.field === 'in_port' && packet.inPort === field.value,
    metadata: () => field.field === 'metadata' && (BigInt(packet.metadata) & (field.mask ?? 0n)) === field.value,
    eth_dst: () => field.field === 'eth_dst' && (packet.dst & (field.mask?.[5] ?? 255)) === field.value[5],
    eth_type: () => packet.isIp,
    ip_proto: () => field.field === 'ip_proto' && packet.isIp && packet.proto === field.value,
    ipv4_dst: () =>
      field.field === 'ipv4_dst' && packet.isIp && (packet.ipDst & (field.mask ?? 0xffff_ffff)) >>> 0 === field.value,
  };
  return checks[field.field]!();
}

interface ModelEntry {
  readonly tableId: number;
  readonly priority: number;
  readonly match: OxmField[];
  readonly cookie: bigint;
  readonly idle: number;
  readonly hard: number;
  readonly created: number;
  used: number;
  port: number;
}

/** Every packet that the traits can make: matches are compared by the packets they take. */
const universe: readonly Traits[] = [1, 2, 3].flatMap((inPort) =>
  [0, 1, 2].flatMap((metadata) =>
    [0, 1, 2].flatMap((dst) =>
      [
        { isIp: false, ipDst: 0, proto: 1 },
        ...[0, 1, 2].flatMap((ipDst) => [6, 17, 1].map((proto) => ({ isIp: true, ipDst, proto }))),
      ].map((rest) => ({ inPort, metadata, dst, ...rest })),
    ),
  ),
);

/** A field as (bits compared, value), in a form that can be compared field by field. */
function constraints(fields: readonly OxmField[]): Map<string, { readonly mask: bigint; readonly value: bigint }> {
  const full = 0xffff_ffff_ffff_ffffn;
  const number = (value: unknown) =>
    value instanceof Uint8Array ? value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) : BigInt(value as number);
  return new Map(
    fields.flatMap((field) => {
      if (field.field === 'unknown') return [];
      const width = field.field === 'eth_dst' ? (1n << 48n) - 1n : field.field === 'ipv4_dst' ? (1n << 32n) - 1n : full;
      const mask = field.mask === undefined ? width : number(field.mask);
      return [[field.field, { mask: mask === width ? full : mask, value: number(field.value) }] as const];
    }),
  );
}

function covers(wide: readonly OxmField[], narrow: readonly OxmField[]): boolean {
  const inner = constraints(narrow);
  return [...constraints(wide)].every(([name, { mask, value }]) => {
    const other = inner.get(name);
    return other !== undefined && (other.mask & mask) === mask && (other.value & mask) === value;
  });
}

function same(a: readonly OxmField[], b: readonly OxmField[]): boolean {
  return covers(a, b) && covers(b, a);
}

function overlap(a: readonly OxmField[], b: readonly OxmField[]): boolean {
  const other = constraints(b);
  return [...constraints(a)].every(([name, { mask, value }]) => {
    const against = other.get(name);
    return against === undefined || ((value ^ against.value) & mask & against.mask) === 0n;
  });
}

/** The rules of sections 5.5 and 6.4 over a plain list. */
class Model {
  entries: ModelEntry[] = [];
  readonly removed: string[] = [];

  change(mod: FlowChange, port: number, now: number): boolean {
    const inTable = (entry: ModelEntry) => mod.tableId === TableNo.ALL || entry.tableId === mod.tableId;
    const isStrict = mod.command === FlowModCommand.MODIFY_STRICT || mod.command === FlowModCommand.DELETE_STRICT;
    const selected = (entry: ModelEntry) =>
      inTable(entry) &&
      (isStrict ? entry.priority === mod.priority && same(entry.match, mod.match) : covers(mod.match, entry.match)) &&
      ((entry.cookie ^ mod.cookie) & mod.cookieMask) === 0n;
    if (mod.command === FlowModCommand.ADD) {
      const clash = (entry: ModelEntry) =>
        inTable(entry) && entry.priority === mod.priority && overlap(entry.match, mod.match);
      if ((mod.flags & FlowModFlags.CHECK_OVERLAP) !== 0 && this.entries.some(clash)) return false;
      this.entries = this.entries.filter(
        (entry) => !(inTable(entry) && entry.priority === mod.priority && same(entry.match, mod.match)),
      );
      const { tableId, priority, cookie, idleTimeout: idle, hardTimeout: hard } = mod;
      this.entries.push({
        tableId,
        priority,
        match: [...mod.match],
        cookie,
        idle,
        hard,
        created: now,
        used: now,
        port,
      });
    } else if (mod.command <= FlowModCommand.MODIFY_STRICT) {
      for (const entry of this.entries) if (selected(entry)) entry.port = port;
    } else {
      this.#remove(
        (entry) => selected(entry) && (mod.outPort === PortNo.ANY || entry.port === mod.outPort),
        () => FlowRemovedReason.DELETE,
      );
    }
    return true;
  }

  expire(now: number): void {
    const isHard = (entry: ModelEntry) => entry.hard > 0 && now >= entry.created + entry.hard * 1000;
    const isIdle = (entry: ModelEntry) => entry.idle > 0 && now >= entry.used + entry.idle * 1000;
    this.#remove(
      (entry) => isHard(entry) || isIdle(entry),
      (entry) => (isHard(entry) ? FlowRemovedReason.HARD_TIMEOUT : FlowRemovedReason.IDLE_TIMEOUT),
    );
  }

  /** Of the highest priority there may be several: any of them is right. */
  candidates(packet: Traits): ModelEntry[] {
    const found = this.entries.filter((e) => e.tableId === 0 && e.match.every((field) => hasField(packet, field)));
    const best = Math.max(...found.map(({ priority }) => priority));
    return found.filter(({ priority }) => priority === best);
  }

  #remove(isGone: (entry: ModelEntry) => boolean, reason: (entry: ModelEntry) => number): void {
    for (const entry of this.entries.filter(isGone)) this.removed.push(`${nameOf(entry)} ${reason(entry)}`);
    this.entries = this.entries.filter((entry) => !isGone(entry));
  }
}

function nameOf({ tableId, priority, cookie }: { tableId: number; priority: number; cookie: bigint }): string {
  return `${tableId}/${priority}/${cookie}`;
}

function expectSameLookups(tables: FlowTables, model: Model): void {
  for (const packet of universe) {
    const found = tables.open(0).lookup(packetOf(packet).key);
    const names = model.candidates(packet).map(nameOf);
    expect(found ? names.includes(nameOf(found)) : names.length === 0).toBe(true);
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('change' as const), mod: change(), port: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('packet' as const), packet: traits }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3000 }) }) },
);

function change(): fc.Arbitrary<FlowChange> {
  return fc
    .record({
      command: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 4),
      tableId: fc.constantFrom(0, 0, 1),
      isEverywhere: fc.boolean(),
      priority: fc.nat(3),
      match,
      cookie: fc.bigInt(0n, 3n),
      cookieMask: fc.constantFrom(0n, 1n, 3n),
      outPort: fc.constantFrom(PortNo.ANY, PortNo.ANY, 1, 2),
      idleTimeout: fc.constantFrom(0, 0, 1, 2),
      hardTimeout: fc.constantFrom(0, 0, 2, 4),
      flags: fc.constantFrom(0, 0, FlowModFlags.CHECK_OVERLAP),
    })
    .map(({ isEverywhere, ...fields }) =>
      flowMod({
        ...fields,
        tableId: isEverywhere && fields.command >= FlowModCommand.DELETE ? TableNo.ALL : fields.tableId,
      }),
    );
}

describe('the flow table', () => {
  it('does what a plain list of entries does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const removed: string[] = [];
        const tables = new FlowTables((entry, reason) => removed.push(`${nameOf(entry)} ${reason}`));
        const model = new Model();
        let now = 0;
        for (const action of steps) {
          if (action.kind === 'change') {
            const mod = { ...action.mod, instructions: [apply(output(action.port))] };
            let wasDone = true;
            try {
              tables.change(mod, now);
            } catch (error) {
              if (!(error instanceof OpenFlowRefusal)) throw error;
              wasDone = false;
            }
            expect(model.change(mod, action.port, now)).toBe(wasDone);
          } else if (action.kind === 'packet') {
            const found = tables.open(0).lookup(packetOf(action.packet).key);
            const candidates = model.candidates(action.packet);
            expect(found !== undefined).toBe(candidates.length > 0);
            const twin = candidates.find((entry) => found && same(entry.match, found.match.fields));
            expect(twin !== undefined).toBe(found !== undefined);
            if (!found || !twin) continue;
            expect({ cookie: found.cookie, port: found.program.apply[0]?.outPort }).toEqual({
              cookie: twin.cookie,
              port: twin.port,
            });
            found.usedAt = now;
            twin.used = now;
          } else {
            now += action.ms;
            const due = tables.nextExpiry;
            tables.expire(now);
            model.expire(now);
            if (due > now) expect(model.entries.length).toBe(tables.size);
          }
          expect(tables.size).toBe(model.entries.length);
          expect(removed.toSorted()).toEqual(model.removed.toSorted());
        }
        expect([...tables.entries()].map(nameOf).sort()).toEqual(model.entries.map(nameOf).sort());
        expectSameLookups(tables, model);
      }),
      { numRuns: 100 },
    );
  });

  it('finds for every packet what the plain list finds, however many entries there are', () => {
    fc.assert(
      fc.property(fc.array(change(), { minLength: 20, maxLength: 150 }), (mods) => {
        const tables = new FlowTables(() => {});
        const model = new Model();
        for (const mod of mods) {
          const add = { ...mod, command: FlowModCommand.ADD, tableId: 0, flags: 0 };
          tables.change(add, 0);
          model.change(add, 0, 0);
        }
        expectSameLookups(tables, model);
      }),
      { numRuns: 30 },
    );
  });
});
