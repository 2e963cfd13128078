import { beforeEach, describe, expect, it } from 'vitest';
import { parseFlow, parseMatch } from '../../ofp/index.ts';
import { Offload } from '../../src/bridge/offload.ts';
import { composeFrame } from '../../src/bridge/trace/compose.ts';
import type { FramePort } from '../../src/tap/index.ts';
import { Bridge } from '../../switch/index.ts';

const headerLength = 12;
const { frame: tcp } = composeFrame(
  parseMatch('tcp,dl_src=02:00:00:00:00:01,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=80'),
);

/** Frames in one piece of memory, each with a virtio header before it. */
function headed(...kinds: ('plain' | 'partial' | 'super')[]): Uint8Array[] {
  const slab = new Uint8Array(kinds.length * 4096);
  return kinds.map((kind, i) => {
    const at = i * 4096 + headerLength;
    const payload = kind === 'super' ? 2000 : 0;
    const frame = slab.subarray(at, at + 54 + payload);
    frame.set(tcp.subarray(0, 54));
    const view = new DataView(slab.buffer);
    view.setUint16(at + 16, 40 + payload);
    if (kind !== 'plain') {
      slab[at - headerLength] = 1;
      view.setUint16(at - 6, 34, true);
      view.setUint16(at - 4, 16, true);
    }
    if (kind === 'super') {
      slab[at - 11] = 1;
      view.setUint16(at - 10, 54, true);
      view.setUint16(at - 8, 1000, true);
    }
    return frame;
  });
}

describe('headed frames at a bridge', () => {
  let bridge: Bridge;
  let offload: Offload;
  let sent: string[];
  const device = (isHeaded: boolean) =>
    ({
      isHeaded,
      send: (frames) => sent.push(`finished ${frames.map(({ length }) => length)}`) && frames.length,
      sendHeaded: (frames) => sent.push(`headed ${frames.map(({ length }) => length)}`) && frames.length,
    }) as Pick<FramePort, 'isHeaded' | 'send' | 'sendHeaded'> as FramePort;

  beforeEach(() => {
    bridge = new Bridge({ datapathId: 1n, selfId: 1n << 64n });
    offload = new Offload(bridge);
    sent = [];
    for (const no of [1, 2]) {
      const mac = Uint8Array.of(2, 0, 0, 0, 0, no);
      const send = (frames: readonly Uint8Array[]) => offload.send(device(true), frames);
      bridge.addPort({ no, name: `p${no}`, mac, kind: 'leaf', send }, 0);
    }
  });

  const rule = (text: string) => bridge.changeFlows(parseFlow(text), 0);
  const receive = (...frames: Uint8Array[]) =>
    offload.receive(1, device(true), frames, (batch) => bridge.receive(1, batch, 0));

  it('pass whole where rules only forward', () => {
    rule('in_port=1,actions=goto_table:1');
    rule('table=1,ip,actions=output:2');
    receive(...headed('super', 'plain', 'super'));
    expect(sent).toEqual(['headed 2054,54,2054']);
  });

  it('keep their order beside those whose checksum is made first', () => {
    bridge.standAlone(true);
    receive(...headed('super', 'partial', 'partial', 'plain', 'super'));
    expect(sent.filter((what) => !what.endsWith(' 60'))).toEqual(['headed 2054', 'finished 54,54', 'headed 54,2054']);
  });

  it.each([
    'actions=controller,output:2',
    'actions=push_vlan:0x8100,output:2',
    'ip,actions=dec_ttl,output:2',
    'actions=write_metadata:1,goto_table:1',
    'actions=write_actions(set_field:02:00:00:00:00:07->eth_dst,output:2)',
  ])('are finished where rules do more: %s', (text) => {
    rule(text);
    rule('table=1,actions=output:2');
    const lengths: number[] = [];
    offload.receive(1, device(true), headed('super'), (batch) => {
      lengths.push(...batch.map(({ length }) => length));
      bridge.receive(1, batch, 0);
    });
    expect(lengths).toEqual([1054, 1054]);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatch(/^finished 105[48],105[48]$/);
  });

  it('from other ports are finished already', () => {
    rule('actions=output:2');
    const frame = tcp.slice();
    offload.receive(1, device(false), [frame], (batch) => bridge.receive(1, batch, 0));
    expect(sent).toEqual(['finished 60']);
  });
});
