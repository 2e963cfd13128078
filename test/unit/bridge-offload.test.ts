import { beforeEach, describe, expect, it } from 'vitest';
import { parseFlow, parseGroup, parseMatch } from '../../ofp/index.ts';
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
  /** Copies of the headed frames that were sent, with their headers. */
  let kept: Uint8Array[];
  const device = (isHeaded: boolean) =>
    ({
      isHeaded,
      send: (frames) => sent.push(`finished ${frames.map(({ length }) => length)}`) && frames.length,
      sendHeaded: (frames) => {
        kept.push(...frames.map((frame) => new Uint8Array(frame.buffer.slice(0), frame.byteOffset, frame.length)));
        return sent.push(`headed ${frames.map(({ length }) => length)}`) && frames.length;
      },
    }) as Pick<FramePort, 'isHeaded' | 'send' | 'sendHeaded'> as FramePort;

  beforeEach(() => {
    bridge = new Bridge({ datapathId: 1n, selfId: 1n << 64n });
    offload = new Offload(bridge);
    sent = [];
    kept = [];
    for (const no of [1, 2]) {
      const mac = Uint8Array.of(2, 0, 0, 0, 0, no);
      const send = (frames: readonly Uint8Array[]) => offload.send(device(true), frames);
      bridge.addPort({ no, name: `p${no}`, mac, kind: 'leaf', send }, 0);
    }
  });

  const rule = (text: string) => bridge.changeFlows(parseFlow(text), 0);
  const receive = (...frames: Uint8Array[]) =>
    offload.receive(1, device(true), frames, (batch, areHeaded) => bridge.receive(1, batch, 0, areHeaded));

  const meter = (kbps: number) =>
    bridge.changeMeters({ command: 0, flags: 1, meterId: 1, bands: [{ type: 'drop', rate: kbps, burstSize: 0 }] }, 0);
  const group = (text: string) => bridge.changeGroups(parseGroup(text), 0);
  /** Lengths of what the switch gets. */
  const lengthsSeen = (...frames: Uint8Array[]) => {
    const lengths: number[] = [];
    offload.receive(1, device(true), frames, (batch, areHeaded) => {
      lengths.push(...batch.map(({ length }) => length));
      bridge.receive(1, batch, 0, areHeaded);
    });
    return lengths;
  };

  it('pass whole where rules only forward', () => {
    rule('in_port=1,actions=goto_table:1');
    rule('table=1,ip,actions=output:2');
    receive(...headed('super', 'plain', 'partial', 'super'));
    expect(sent).toEqual(['headed 2054,54,54,2054']);
  });

  it('pass whole a bridge that learns, and beside controllers that are not there', () => {
    bridge.standAlone(true);
    rule('priority=0,actions=controller');
    receive(...headed('super'));
    expect(sent.filter((what) => !what.endsWith(' 60'))).toEqual(['headed 2054']);
  });

  it('keep their order where some are finished first', () => {
    rule('actions=controller,output:2');
    receive(...headed('super', 'plain', 'partial', 'super'));
    expect(sent).toEqual(['finished 1054,1054', 'headed 54', 'finished 54,1054,1054']);
  });

  it.each([
    'actions=write_metadata:1,goto_table:1',
    'actions=set_field:5->metadata,goto_table:1',
    'actions=meter:1,output:2',
    'actions=group:1',
    'actions=group:2',
    'actions=group:3',
    'actions=group:4',
    'actions=write_actions(group:5)',
    'actions=set_field:02:00:00:00:00:07->eth_dst,set_field:02:00:00:00:00:08->eth_src,goto_table:1',
    'ip,actions=set_field:10->ip_dscp,set_field:1->ip_ecn,output:2',
    'actions=set_queue:1,output:2',
  ])('pass whole where it is right to: %s', (text) => {
    meter(10_000_000);
    group('group_id=1,type=all,bucket=set_field:02:00:00:00:00:07->eth_dst,output:2');
    group('group_id=2,type=indirect,bucket=output:2');
    group('group_id=3,type=select,bucket=output:2,bucket=weight:1,output:2');
    group('group_id=4,type=ff,bucket=watch_port:2,output:2');
    group('group_id=5,type=all,bucket=group:1');
    rule(text);
    rule('table=1,actions=output:2');
    expect(lengthsSeen(...headed('super', 'partial'))).toEqual([2054, 54]);
    expect(sent).toEqual(['headed 2054,54']);
  });

  it.each([
    'actions=controller,output:2',
    'ip,actions=dec_ttl,output:2',
    'tcp,actions=set_field:81->tcp_dst,output:2',
    'ip,actions=set_field:10.0.0.9->ip_src,output:2',
    'actions=write_metadata:2,goto_table:1',
    'actions=set_field:02:00:00:00:00:07->eth_dst,goto_table:1',
    'actions=meter:1,output:2',
    'actions=group:1',
    'actions=write_actions(group:2)',
    'ip,actions=write_actions(set_field:10.0.0.9->ip_src,output:2)',
  ])('are finished where rules do more: %s', (text) => {
    meter(1000);
    group('group_id=1,type=all,bucket=output:2,bucket=controller');
    group('group_id=2,type=indirect,bucket=group:1');
    rule(text);
    rule('table=1,actions=output:2');
    rule('table=1,priority=40000,metadata=2,actions=controller,output:2');
    rule('table=1,priority=40000,dl_dst=02:00:00:00:00:07,actions=controller,output:2');
    expect(lengthsSeen(...headed('super'))).toEqual([1054, 1054]);
    expect(sent).toEqual(['finished 1054,1054']);
  });

  it('keep their header, moved along with what it points at, when a tag comes or goes', () => {
    rule('priority=1,actions=push_vlan:0x8100,set_field:4103->vlan_vid,output:2');
    receive(...headed('super'));
    expect(sent).toEqual(['headed 2058']);
    const [tagged] = kept.splice(0);
    expect(tagged!.subarray(12, 16)).toEqual(Uint8Array.of(0x81, 0, 0, 7));
    const header = (frame: Uint8Array) => Array.from(new Uint16Array(headerBefore(frame).buffer)).slice(1, 5);
    expect(header(tagged!)).toEqual([58, 1000, 38, 16]);
    rule('priority=9,vlan_vid=0x1007,actions=pop_vlan,output:2');
    receive(tagged!);
    expect(sent.at(-1)).toBe('headed 2054');
    expect(header(kept[0]!)).toEqual([54, 1000, 34, 16]);
  });

  it('are counted once by rules and ports, and by meters as what they are on a wire', () => {
    meter(10_000_000);
    rule('actions=meter:1,output:2');
    receive(...headed('super', 'plain'));
    expect(bridge.meterStats(1, 0)).toMatchObject([{ packetInCount: 3n, byteInCount: 2n * 1054n + 54n }]);
    expect(bridge.flowStats(0)).toMatchObject([{ packetCount: 2n, byteCount: 2054n + 54n }]);
    expect(bridge.port(2)!.counters).toMatchObject({ txPackets: 2, txBytes: 2054 + 54 });
  });

  it('are finished where they could leave for the overlay', () => {
    bridge.addPort(
      { kind: 'peer', peer: 5n << 64n, name: 'p3', mac: Uint8Array.of(2, 0, 0, 0, 0, 3), send: () => 1 },
      0,
    );
    rule('actions=output:2');
    expect(lengthsSeen(...headed('super'))).toEqual([1054, 1054]);
  });

  it('from other ports are finished already', () => {
    rule('actions=output:2');
    const frame = tcp.slice();
    offload.receive(1, device(false), [frame], (batch, areHeaded) => bridge.receive(1, batch, 0, areHeaded));
    expect(sent).toEqual(['finished 60']);
  });
});

function headerBefore(frame: Uint8Array): Uint8Array {
  return new Uint8Array(frame.buffer, frame.byteOffset - headerLength, headerLength).slice();
}
