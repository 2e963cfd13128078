import { describe, expect, it } from 'vitest';
import { HostDirectory } from '../../src/controller/apps/host-directory.ts';
import { Identity } from '../../src/identity/index.ts';
import { announcementSeal } from '../../src/node/announcement-seal.ts';
import { decodeFrb } from '../../switch/flood/index.ts';
import { Directory, parseNodeId, switchIdOf } from '../../topology/index.ts';
import { TestSwitch } from './support/test-switch.ts';

const [own, other] = [1, 2].map((n) => Identity.fromSeed(new Uint8Array(32).fill(n))) as [Identity, Identity];
const [self, far] = [parseNodeId(own.nodeId)!, parseNodeId(other.nodeId)!];
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 1, n);
const frame = (to: number, from: number) => {
  const bytes = new Uint8Array(60);
  bytes.set(mac(to));
  bytes.set(mac(from), 6);
  bytes.set([8, 0, to], 12);
  return bytes;
};

/** A switch with two leaf ports, and a neighbour with host 9, as the directory knows. */
function linked(isSelfReliant: boolean) {
  const directory = new Directory({
    ...{ self: 1n, successors: () => [], predecessors: () => [], isLinked: () => false, send: () => {} },
    next: () => undefined,
  });
  const seal = announcementSeal(other, 'test');
  const neighbour = new HostDirectory({ self: switchIdOf(far), directory, seal, told: () => true });
  neighbour.settled({ mac: mac(9), vlan: 0, sequence: 0 });
  neighbour.tick(10_000);
  const sw = new TestSwitch(self, {}, { directory, isSelfReliant, seal: announcementSeal(own, 'test') });
  const [first, second] = [sw.addLeaf('tap0'), sw.addLeaf('tap1')];
  const link = sw.addPeer(far);
  sw.adjacency([far]);
  sw.fromLeaf(first, frame(0xff, 1));
  for (const port of [first, second, link]) sw.frames(port);
  /** Of the frames for a host: how many the second leaf port got, how many its switch, and how many all. */
  const got = (to: number) => {
    const isIt = (bytes: Uint8Array) => bytes[14] === to && bytes[5] === to;
    const records = sw.records(link);
    const floods = records.flatMap(({ frame: bytes }) => {
      const flood = decodeFrb(bytes);
      return typeof flood === 'object' && isIt(flood.inner) ? [flood] : [];
    });
    return {
      leaf: sw.frames(second).filter(isIt).length,
      sent: records.filter(({ destination, frame: bytes }) => destination === switchIdOf(far) && isIt(bytes)).length,
      flooded: floods.length,
    };
  };
  return { sw, first, second, got };
}

describe('unicast to unknown hosts', () => {
  it.each([false, true])('goes to the one switch that the directory names (self-reliant: %s)', (isSelfReliant) => {
    const { sw, first, got } = linked(isSelfReliant);
    sw.fromLeaf(first, frame(9, 1));
    // Other ports of a switch that may be without its controller are no business of that.
    expect(got(9)).toEqual({ leaf: isSelfReliant ? 1 : 0, sent: 1, flooded: 0 });
    sw.fromLeaf(first, frame(9, 1));
    expect(got(9)).toEqual({ leaf: 0, sent: 1, flooded: 0 });
    expect(sw.problems).toEqual([]);
  });

  it.each([false, true])('is heard once by all if the directory knows nothing (self-reliant: %s)', (isSelfReliant) => {
    const { sw, first, got } = linked(isSelfReliant);
    for (let i = 0; i < 3; i++) {
      sw.fromLeaf(first, frame(8, 1));
      expect(got(8)).toEqual({ leaf: 1, sent: 0, flooded: 1 });
    }
    sw.tick(3_000);
    sw.fromLeaf(first, frame(8, 1));
    expect(got(8)).toEqual({ leaf: 1, sent: 0, flooded: 1 });
  });

  it.each([false, true])('is heard once by a host that turns up here meanwhile (self-reliant: %s)', (isSelfReliant) => {
    const { sw, first, second, got } = linked(isSelfReliant);
    // Both are on their way to the controller, and no rule leads to the host.
    sw.bridge.receive(second, [frame(0xff, 7)], sw.now);
    sw.bridge.receive(first, [frame(7, 1)], sw.now);
    sw.settle();
    expect(got(7)).toEqual({ leaf: 1, sent: 0, flooded: 0 });
  });

  it('reaches hosts at other ports of a self-reliant switch while nobody answers', () => {
    const { sw, first, got } = linked(true);
    sw.bridge.receive(first, [frame(6, 1)], sw.now);
    expect(got(6)).toEqual({ leaf: 1, sent: 0, flooded: 0 });
  });
});
