import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseFlow, parseGroup } from '../../ofp/index.ts';
import { Offload } from '../../src/bridge/offload.ts';
import { FrameFinisher, type FramePort } from '../../src/tap/index.ts';
import { Bridge } from '../../switch/index.ts';
import { partialFrame, superFrame, transportFrames } from '../unit/support/transport-frame.ts';

const finisher = new FrameFinisher();

/** A bridge with three ports, whose devices keep what they are given as it would be on a wire. */
function bridgeWith(rules: readonly string[]) {
  const bridge = new Bridge({ datapathId: 1n, selfId: 1n << 64n });
  const offload = new Offload(bridge);
  const wire: string[][] = [];
  const seen: string[] = [];
  bridge.observe({ packetIn: ({ frame }) => seen.push(Buffer.from(frame).toString('hex')) });
  for (const no of [1, 2, 3]) {
    const sent: string[] = [];
    const keep = (frames: readonly Uint8Array[]) => {
      sent.push(...frames.map((frame) => Buffer.from(frame).toString('hex')));
      return frames.length;
    };
    const sendHeaded = (frames: readonly Uint8Array[]) => frames.length - finisher.finish(frames, keep);
    const device = { isHeaded: true, send: keep, sendHeaded } as Partial<FramePort> as FramePort;
    const send = (frames: readonly Uint8Array[]) => offload.send(device, frames);
    bridge.addPort({ kind: 'leaf', name: `p${no}`, no, mac: Uint8Array.of(2, 0, 0, 0, 1, no), send }, 0);
    wire.push(sent);
  }
  bridge.changeMeters({ command: 0, flags: 1, meterId: 1, bands: [{ type: 'drop', rate: 9e6, burstSize: 0 }] }, 0);
  for (const group of groups) bridge.changeGroups(parseGroup(group), 0);
  for (const rule of rules) bridge.changeFlows(parseFlow(rule), 0);
  return { bridge, offload, wire, seen };
}

const groups = [
  'group_id=1,type=all,bucket=set_field:02:00:00:00:00:07->eth_dst,output:2,bucket=output:3',
  'group_id=2,type=select,bucket=push_vlan:0x88a8,output:2,bucket=output:3',
  'group_id=3,type=ff,bucket=watch_port:2,dec_ttl,output:2',
  'group_id=4,type=indirect,bucket=group:1',
];
const action = fc.constantFrom(
  ...['output:2', 'output:3', 'normal', 'flood', 'group:1', 'group:2', 'group:3', 'group:4', 'meter:1', 'set_queue:1'],
  ...['set_field:02:00:00:00:00:09->eth_src', 'push_vlan:0x8100', 'set_field:5->metadata', 'dec_ttl', 'controller'],
);
const rule = fc
  .tuple(
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom('', 'tcp,', 'udp6,', 'dl_vlan=0,', 'metadata=5,', 'dl_src=02:00:00:00:00:09,', 'ip,ip_ecn=0,'),
    fc.array(action, { maxLength: 4 }),
    fc.constantFrom('', 'apply', 'write'),
  )
  .map(([table, match, actions, goes]) => {
    const next = goes === '' || table === 2 ? '' : `goto_table:${table + 1}`;
    const list = goes === 'write' ? [`write_actions(${[...new Set(actions)].join()})`, next] : [...actions, next];
    const done = list.filter((text) => text !== '' && text !== 'write_actions()').join();
    return `table=${table},priority=${match.length},${match}actions=${done || 'drop'}`;
  })
  .filter((text) => isAccepted(text));

/** Whether a bridge takes the rule: TTLs need IP in the match, for example. */
function isAccepted(text: string): boolean {
  try {
    bridgeWith([text]);
    return true;
  } catch {
    return false;
  }
}

it('frames that pass whole leave as those that are finished first, whatever the rules', () => {
  let whole = 0;
  let finished = 0;
  const frame = fc
    .tuple(transportFrames(500, 6000), fc.integer({ min: 200, max: 1400 }), fc.boolean())
    .map(([spec, size, isPartial]) => (isPartial ? partialFrame(spec) : superFrame(spec, size)));
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 6 }),
      fc.array(frame, { minLength: 1, maxLength: 4 }),
      (rules, frames) => {
        const [a, b] = [bridgeWith(rules), bridgeWith(rules)];
        const device = { isHeaded: true } as FramePort;
        for (const each of frames) {
          a.offload.receive(1, device, [each], (batch, areHeaded) => {
            if (areHeaded) whole += 1;
            else finished += 1;
            a.bridge.receive(1, batch, 0, areHeaded);
          });
          finisher.finish([each], (batch) =>
            b.bridge.receive(
              1,
              batch.map((segment) => segment.slice()),
              0,
            ),
          );
        }
        expect(a.seen).toEqual(b.seen);
        expect(a.wire.map((sent) => sent.toSorted())).toEqual(b.wire.map((sent) => sent.toSorted()));
      },
    ),
    { numRuns: 300 },
  );
  expect(whole).toBeGreaterThan(100);
  expect(finished).toBeGreaterThan(20);
});
