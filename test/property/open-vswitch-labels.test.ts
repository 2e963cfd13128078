import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arriving, stacked, stackOf, tagOf, unstacked, untagged } from '../../src/controller/index.ts';
import { Labels, maxStrangers } from '../../src/controller/open-vswitch/labels.ts';
import { EtherType, get16, get32, put16 } from '../../switch/packet/index.ts';

const frames = fc.uint8Array({ minLength: 14, maxLength: 1600 });
const labels = fc.integer({ min: 16, max: 4094 });
const marks = fc.integer({ min: 0, max: 7 });
const withType = (frame: Uint8Array, type: number) => {
  put16(frame, 12, type);
  return frame;
};

describe('frames with labels', () => {
  it('say where they come from, and are what they were', () => {
    fc.assert(
      fc.property(frames, labels, (bytes, label) => {
        const frame = withType(bytes, EtherType.IPV4);
        const before = frame.slice();
        const labelled = arriving(frame, label);
        expect(tagOf(labelled)).toEqual({ label, mark: 0 });
        expect(stackOf(labelled)).toBeUndefined();
        expect(untagged(labelled)).toEqual(before);
        expect(frame).toEqual(before);
      }),
    );
  });

  it('say so by a label of MPLS in the place of the type where there is a tag', () => {
    fc.assert(
      fc.property(frames, labels, fc.constantFrom(0, 1), (bytes, label, which) => {
        const frame = withType(bytes, [EtherType.VLAN, EtherType.SERVICE_VLAN][which]!);
        const labelled = arriving(frame, label);
        expect(get16(labelled, 12)).toBe(EtherType.MPLS);
        expect(get32(labelled, 14)).toBe(((label << 12) | (which << 9) | 0x1ff) >>> 0);
        expect(labelled.subarray(18)).toEqual(frame.subarray(14));
      }),
    );
  });

  it('carry the header of a link through the switch', () => {
    const limits = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(
        frames,
        fc.record({ destination: labels, source: labels, mark: marks, hopLimit: limits }),
        (frame, way) => {
          const before = frame.slice();
          const labelled = stacked(frame, way);
          expect(stackOf(labelled)).toEqual(way);
          expect(tagOf(labelled)).toBeUndefined();
          expect(unstacked(labelled)).toEqual(before);
        },
      ),
    );
  });

  it('are recognised in whatever bytes there are, and never beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(EtherType.VLAN, EtherType.MPLS), (bytes, type) => {
        const frame = bytes.length >= 14 ? withType(bytes, type) : bytes;
        const [tag, stack] = [tagOf(frame), stackOf(frame)];
        if (tag !== undefined) expect(untagged(frame.slice()).length).toBe(frame.length - 4);
        if (stack !== undefined) expect(unstacked(frame.slice()).length).toBe(frame.length - 10);
        if (frame.length < 18) expect([tag, stack]).toEqual([undefined, undefined]);
      }),
    );
  });
});

describe('labels', () => {
  it('stay for members, however many strangers come, and mean one switch at a time', () => {
    const members = new Set(Array.from({ length: 512 }, (_, i) => BigInt(i + 1)));
    const released: number[] = [];
    const table = new Labels((switchId, label) => {
      expect(members.has(switchId)).toBe(false);
      expect(table.switchOf(label)).toBeUndefined();
      released.push(label);
    });
    table.keep(members);
    const ofMembers = [...members].map((id) => table.of(id).label);
    const others = 10_000;
    for (let i = 0; i < others; i++) {
      const id = BigInt(1_000 + i);
      const { label, isNew } = table.of(id);
      expect(isNew).toBe(true);
      expect(label).toBeGreaterThanOrEqual(16);
      expect(label).toBeLessThanOrEqual(4094);
      expect(table.switchOf(label)).toBe(id);
      // What was released just now is not given anew at once.
      expect(released.slice(-1000)).not.toContain(label);
    }
    expect(released).toHaveLength(others - maxStrangers);
    expect([...members].map((id) => table.of(id))).toEqual(ofMembers.map((label) => ({ label, isNew: false })));
    expect(new Set(ofMembers).size).toBe(members.size);
  });
});
