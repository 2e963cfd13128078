import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, encode, OfpDecodeError, type OfpMessageInput, PortNo } from '../../ofp/index.ts';
import { FloodEngine } from '../../switch/flood/index.ts';
import { Agent, floodPortNo, OpenFlowRefusal } from '../../switch/index.ts';
import { LinkEncoder, Packet, put16 } from '../../switch/packet/index.ts';
import { apply, BridgeLab, flowMod, hex, inPort, mac, output } from '../unit/support/switch-lab.ts';
import { everyAction, seeds } from './support/hostile-frames.ts';

/** Those of 1.0 that 1.3 has no message for. */
const oldActions: readonly Action[] = [
  { type: 'setVlanVid', vlanVid: 7 },
  { type: 'setVlanPcp', vlanPcp: 7 },
  { type: 'setTpSrc', tpPort: 7 },
  { type: 'setTpDst', tpPort: 7 },
];

/** Bytes like those of `seeds`, but cut, grown and with some of them changed. */
function mutated(from: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.constantFrom(...from),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.option(fc.nat(), { freq: 3 }),
      fc.uint8Array({ maxLength: 12 }),
    )
    .map(([seed, changes, cut, tail]) => {
      const bytes = Uint8Array.of(...seed, ...tail);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
    });
}

const frame = fc.oneof(mutated(seeds), fc.uint8Array({ maxLength: 100 }));

describe('frames', () => {
  it('of any content are read without a throw, and fields stay within the data', () => {
    const packet = new Packet();
    fc.assert(
      fc.property(frame, (bytes) => {
        packet.load(bytes);
        expect(packet.l3At).toBeLessThanOrEqual(Math.max(bytes.length, 22));
        expect(packet.l4At).toBeLessThan(Math.max(bytes.length, 1));
      }),
      { numRuns: 5000 },
    );
  });

  it('of any content go through every action, port and table without a throw', () => {
    const self = (0x11n << 64n) | 1n;
    const peer = (0x22n << 64n) | 2n;
    const lab = new BridgeLab({ selfId: self, flood: new FloodEngine({ self, epoch: 1 }) });
    const [leaf, other, link] = [lab.leaf(), lab.leaf(), lab.peer(peer)];
    const buckets = everyAction.map((action, i) => ({
      ...{ weight: i % 3, watchPort: 0xffffffff, watchGroup: 0xffffffff },
      actions: [action, output(other.no)],
    }));
    const band = { type: 'dscpRemark', rate: 1, burstSize: 0, precLevel: 1 } as const;
    lab.bridge.changeMeters({ command: 0, flags: 2, meterId: 1, bands: [band] }, 0);
    lab.bridge.changeGroups({ command: 0, groupType: 1, groupId: 1, buckets }, 0);
    const inGroups: Action[] = [
      { type: 'meter', meterId: 1 },
      { type: 'group', groupId: 1 },
    ];
    lab.flow({
      priority: 0,
      instructions: [
        apply(output(PortNo.NORMAL), output(floodPortNo), output(link.no)),
        { type: 'gotoTable', tableId: 9 },
      ],
    });
    const encoder = new LinkEncoder();
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 4 }),
        fc.shuffledSubarray([...everyAction, ...oldActions]),
        (frames, actions) => {
          const all = [...actions, ...inGroups, output(other.no), output(PortNo.CONTROLLER)];
          for (const data of frames) {
            lab.bridge.packetOut({ bufferId: 0xffffffff, inPort: leaf.no, actions: all, data }, 0);
            encoder.append(
              { mark: 0, hopLimit: 9, destinationHi: 0, destinationLo: 0, sourceHi: 0, sourceLo: 0x22 },
              data,
            );
          }
          lab.bridge.receive(leaf.no, frames, 0);
          lab.bridge.receive(link.no, encoder.take(), 0);
          lab.bridge.receive(link.no, frames, 0);
          for (const port of [leaf, other, link]) port.sent.length = 0;
          lab.events.length = 0;
        },
      ),
      { numRuns: 1500 },
    );
    expect(lab.bridge.macs.size).toBeLessThanOrEqual(8192);
  });
});

/** Actions of Open vSwitch that make sense, for mutants. */
const niciraSeeds = [
  '0006 0010 0000 0010 00010004 00010204',
  '0007 0207 00010004 000000000000002a',
  '000a 0000 0032 0000 0000 0000 00000000 0000 001f 00010004',
  '000d 0000 0000 0032 00000004 0002 001f 00010004 00000000',
  '000f 001f 00010004 ffff 000000000000',
  '0010 0000 0000 8000 0000000000000000 0000 0100 0000 0000 0020 00010004 0000 00010204 0000 2810 0001 00010404 0000 0000',
  '0014 0005 0007 02 00',
  '001b 0000 00010004 0010 000000000000',
  '001c 0000 00010004 0010 000000000000',
  '0021 00010004 12345678 000000000000',
  '0023 0001 00010004 000f ff 000000 0000 ffff0018 00002320 0006 0020 0000 0000 00010004 00010204',
  '0025 000000000000 0000 0006 0009 0000 0001 0006 0008 0000 0003 0007 010203 00',
  '002a 000000000000 ffff0018 00002320 0006 0020 0000 0000 00010004 00010204',
].map(hex);

it('actions of Open vSwitch, however mangled, are carried out or refused', () => {
  const lab = new BridgeLab();
  const leaf = lab.leaf();
  let ran = 0;
  fc.assert(
    fc.property(fc.array(mutated(niciraSeeds), { minLength: 1, maxLength: 3 }), (list) => {
      const actions: Action[] = list.map((data) => ({ type: 'experimenter', experimenter: 0x2320, data }));
      try {
        lab.flow({ instructions: [apply(...actions)] });
      } catch (error) {
        expect(error).toSatisfy((thrown) => thrown instanceof OpenFlowRefusal || thrown instanceof OfpDecodeError);
        return;
      }
      lab.bridge.receive(leaf.no, [seeds[4]!, seeds[5]!], 0);
      lab.events.length = 0;
      ran += 1;
    }),
    { numRuns: 3000 },
  );
  expect(ran).toBeGreaterThan(100);
});

describe('OpenFlow', () => {
  const header = { version: 4, xid: 7 } as const;
  const all = { tableId: 255, outPort: 0xffffffff, outGroup: 0xffffffff, cookie: 0n, cookieMask: 0n, match: [] };
  const messages: readonly OfpMessageInput[] = [
    { ...header, type: 'hello', elements: [{ type: 'versionBitmap', bitmaps: [0x10] }] },
    { ...header, type: 'echoRequest', data: hex('aabb') },
    { ...header, type: 'featuresRequest' },
    { ...header, type: 'setConfig', flags: 0, missSendLen: 128 },
    {
      ...header,
      ...flowMod(),
      type: 'flowMod',
      match: [inPort(1), { field: 'eth_type', value: 0x800 }, { field: 'ipv4_dst', value: 1, mask: 1 }],
      instructions: [apply(...everyAction.slice(0, 3), output(2)), { type: 'gotoTable', tableId: 3 }],
    },
    { ...header, ...flowMod({ command: 3 }), type: 'flowMod', match: [] },
    { ...header, type: 'packetOut', inPort: PortNo.CONTROLLER, actions: [...everyAction, output(1)], data: seeds[1]! },
    { ...header, type: 'portMod', portNo: 1, hwAddr: mac(0xf1), config: 0x20, mask: 0x65 },
    { ...header, type: 'roleRequest', role: 1, generationId: 0n },
    { ...header, type: 'barrierRequest' },
    { ...header, type: 'multipartRequest', multipart: 'flow', body: all },
    { ...header, type: 'multipartRequest', multipart: 'aggregate', body: all },
    { ...header, type: 'multipartRequest', multipart: 'portStats', body: { portNo: 1 } },
    { ...header, type: 'multipartRequest', multipart: 'portDesc', body: {} },
    { ...header, type: 'multipartRequest', multipart: 'queue', body: {} },
    { ...header, type: 'queueGetConfigRequest', port: 1 },
    { ...header, type: 'groupMod', command: 0, groupType: 0, groupId: 1, buckets: [] },
    {
      ...{ ...header, type: 'groupMod', command: 0, groupType: 1, groupId: 2 },
      buckets: [
        {
          weight: 1,
          watchPort: 0xffffffff,
          watchGroup: 0xffffffff,
          actions: [...everyAction.slice(0, 5), { type: 'group', groupId: 1 }, output(1)],
        },
      ],
    },
    {
      ...{ ...header, type: 'meterMod', command: 0, flags: 1, meterId: 1 },
      bands: [{ type: 'drop', rate: 1, burstSize: 0 }],
    },
    { ...header, type: 'multipartRequest', multipart: 'group', body: { groupId: 1 } },
    { ...header, type: 'multipartRequest', multipart: 'meter', body: { meterId: 1 } },
    { ...header, type: 'getAsyncRequest' },
    { ...header, type: 'setAsync', packetInMask: [7, 0], portStatusMask: [7, 7], flowRemovedMask: [15, 0] },
  ];
  const encoded = messages.map((message) => encode(message));
  /** Most keep a length that is theirs: a wrong one only makes the stream end. */
  const message = fc.tuple(mutated(encoded), fc.nat(9)).map(([bytes, luck]) => {
    const copy = bytes.slice();
    if (luck > 0 && copy.length >= 8) {
      copy[0] = 4;
      put16(copy, 2, copy.length);
    }
    return copy;
  });

  it('of any content is answered or closed, without a throw', () => {
    const lab = new BridgeLab();
    const agent = new Agent(lab.bridge);
    lab.leaf();
    lab.leaf();
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (batch) => {
        let received = 0;
        const connection = agent.connect({ send: (bytes) => (received += bytes.length), close() {} }, 'controller');
        connection.receive(encoded[0]!, 0);
        for (const bytes of batch) connection.receive(bytes, 0);
        lab.bridge.tick(0);
        expect(received).toBeGreaterThan(0);
        connection.closed();
        lab.events.length = 0;
      }),
      { numRuns: 3000 },
    );
    expect(agent.connections.size).toBe(0);
  });

  it('as noise from the first byte on ends the connection or waits for more', () => {
    const agent = new Agent(new BridgeLab().bridge);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), (chunks) => {
        const connection = agent.connect({ send() {}, close() {} }, 'service');
        for (const bytes of chunks) connection.receive(bytes, 0);
        connection.closed();
      }),
      { numRuns: 2000 },
    );
  });
});
