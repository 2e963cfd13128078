import { describe, expect, it } from 'vitest';
import {
  clockwise,
  type MemberRecord,
  type MemberState,
  type NodeId,
  nowhere,
  seededRandom,
} from '../../topology/index.ts';
import { Membership } from '../../topology/membership.ts';
import { News } from '../../topology/news.ts';

const genuine = Uint8Array.of(1);
const record = (id: NodeId, sequence: number, state: MemberState = 'alive'): MemberRecord => ({
  id,
  sequence,
  state,
  place: nowhere,
  proof: state === 'dead' ? new Uint8Array() : genuine,
});

/** A node with id 0 and neighbours 1, 2 and 3, whose proofs are right when they are `genuine`. */
function node() {
  const up = new Set([1n, 2n, 3n]);
  const doubted: NodeId[] = [];
  const news = new News({
    self: 0n,
    random: seededRandom(1),
    capacity: 64,
    sequence: 10,
    sign: () => genuine,
    verify: ({ proof }) => proof === genuine,
    neighbours: () => [...up],
    isRingLink: () => true,
    isLinked: (peer) => up.has(peer),
    isUp: (peer) => up.has(peer),
    doubt: (peer) => doubted.push(peer),
  });
  news.hear(
    1n,
    [1n, 2n, 3n, 9n].map((id) => record(id, 5)),
    0,
  );
  const told = () =>
    new Map([...news.take()].map(([peer, records]) => [peer, records.map((r) => [r.id, r.sequence, r.state])]));
  told();
  return { news, doubted, told };
}

const suspects = ({ membership }: News) => {
  const trusted = membership.idsWithout(new Set());
  return membership.ids.filter((id) => !trusted.includes(id));
};

describe('news of members', () => {
  it('end where one of them is forged: nobody passes such on', () => {
    const { news, told } = node();
    const forged = { ...record(7n, 1), proof: Uint8Array.of(2) };
    expect(news.hear(1n, [record(6n, 1), forged, forged, record(8n, 1)], 0)).toBe(true);
    expect([news.membership.has(6n), news.membership.has(8n), news.refused]).toEqual([true, false, 3]);
    const ofSelf = { ...record(0n, 99), proof: Uint8Array.of(2) };
    news.hear(1n, [ofSelf, ofSelf], 0);
    expect(news.refused).toBe(5);
    expect([...told().values()].flat()).toEqual([6n, 6n].map((id) => [id, 1, 'alive']));
  });

  it('of this node being dead are objected to every 100 ms at most, however often they come', () => {
    const { news, told } = node();
    const own = () =>
      told()
        .get(2n)
        ?.filter(([id]) => id === 0n);
    const calls = Array.from({ length: 100 }, (_, i) => record(0n, 10 + i, 'dead'));
    news.hear(1n, calls, 1_000);
    expect(own()).toEqual([[0n, 11, 'alive']]);
    news.hear(1n, calls, 1_010);
    news.tick(1_050);
    expect(own()?.some(([, sequence]) => sequence !== 11) ?? false).toBe(false);
    news.tick(1_100);
    expect(own()).toContainEqual([0n, 12, 'alive']);
  });

  it('are passed on once, to all but who told them', () => {
    const { news, told } = node();
    expect(news.hear(1n, [record(7n, 1)], 0)).toBe(true);
    expect(told()).toEqual(
      new Map([
        [2n, [[7n, 1, 'alive']]],
        [3n, [[7n, 1, 'alive']]],
      ]),
    );
    expect(news.hear(2n, [record(7n, 1)], 0)).toBe(false);
    expect(told().size).toBe(0);
  });

  it('are refused and counted when they are not their own', () => {
    const { news, told } = node();
    const forged = { ...record(7n, 1), proof: Uint8Array.of(2) };
    const ended = { ...record(9n, 6, 'left'), proof: Uint8Array.of(2) };
    expect(news.hear(1n, [forged, ended], 0)).toBe(false);
    expect(news.refused).toBe(2);
    expect(news.membership.ids).toEqual([1n, 2n, 3n, 9n]);
    expect(told().size).toBe(0);
  });

  it('that a member is dead count for a life that is known, and for no later one', () => {
    const { news } = node();
    expect(news.hear(1n, [record(9n, 6, 'dead'), record(8n, 1, 'dead')], 0)).toBe(false);
    expect(suspects(news)).toEqual([]);
    expect(news.hear(1n, [record(8n, 1)], 0)).toBe(true);
    expect(news.hear(1n, [record(9n, 5, 'dead')], 0)).toBe(true);
    expect(suspects(news)).toEqual([9n]);
    // It objects in time.
    news.hear(2n, [record(9n, 6)], 500);
    expect(suspects(news)).toEqual([]);
    news.hear(2n, [record(9n, 6, 'dead')], 600);
    news.membership.tick(1_600);
    expect(news.membership.has(9n)).toBe(false);
    expect(news.membership.lost).toEqual([9n]);
  });

  it('that a neighbour is dead are not believed while its link is up: it is doubted, and told', () => {
    const { news, doubted, told } = node();
    expect(news.hear(1n, [record(2n, 5, 'dead')], 0)).toBe(false);
    expect(doubted).toEqual([2n]);
    expect(told()).toEqual(new Map([[2n, [[2n, 5, 'dead']]]]));
  });

  it('that this node is dead, or what it said in an earlier run, are answered by a later record', () => {
    const { news, told } = node();
    news.hear(1n, [record(0n, 10, 'dead')], 0);
    expect(told().get(2n)).toEqual([[0n, 11, 'alive']]);
    // Nobody can make it run out of numbers.
    news.hear(1n, [record(0n, 2 ** 52, 'dead')], 0);
    expect(told().size).toBe(0);
    news.hear(1n, [record(0n, 50, 'left')], 0);
    expect(told().get(2n)).toEqual([[0n, 51, 'alive']]);
    news.farewell();
    news.hear(1n, [record(0n, 52, 'left'), record(0n, 51, 'dead')], 0);
    expect(told().size).toBe(0);
  });

  it('older than what is known are answered with that', () => {
    const { news, told } = node();
    news.hear(1n, [record(9n, 8)], 0);
    told();
    news.hear(3n, [record(9n, 5)], 0);
    expect(told()).toEqual(new Map([[3n, [[9n, 8, 'alive']]]]));
  });
});

describe('a full view', () => {
  const random = seededRandom(7);
  const ids = Array.from({ length: 3_000 }, () => BigInt(Math.floor(random() * 2 ** 53)) << 75n);
  const kept = new Set(ids.slice(100, 110));

  it('keeps those nearest on the ring and those in use, is bounded, and tells how many there are', () => {
    const view = new Membership({ self: 0n, capacity: 128, random });
    for (const id of ids) view.apply(record(id, 1), 0, (other) => kept.has(other));
    expect(view.size).toBe(128);
    const near = [...ids].sort((a, b) => (clockwise(0n, a) < clockwise(0n, b) ? -1 : 1));
    for (const id of [...near.slice(0, 16), ...near.slice(-16), ...kept]) expect(view.has(id)).toBe(true);
    expect(view.estimate).toBeGreaterThan(3_000 / 2);
    expect(view.estimate).toBeLessThan(3_000 * 2);
  });

  it('checks no proof again of who is beyond it', () => {
    let checks = 0;
    const news = new News({
      ...{ self: 0n, random, capacity: 64, sequence: 1, sign: () => genuine, doubt: () => {} },
      ...{ neighbours: () => [], isRingLink: () => false, isLinked: () => false, isUp: () => false },
      verify: () => {
        checks += 1;
        return true;
      },
    });
    const records = ids.slice(0, 500).map((id) => record(id, 1));
    news.hear(1n, records, 0);
    expect(checks).toBe(500);
    for (let again = 0; again < 3; again++) news.hear(1n, records, 0);
    expect(checks).toBeLessThan(520);
    news.hear(
      1n,
      ids.slice(0, 500).map((id) => record(id, 2)),
      0,
    );
    expect(checks).toBeGreaterThanOrEqual(1_000);
  });

  it('takes back one that it gave up when that is near by now', () => {
    const view = new Membership({ self: 0n, capacity: 64, random });
    const none = () => false;
    for (const id of ids.slice(0, 1_000)) view.apply(record(id, 1), 0, none);
    const near = ids.slice(0, 1_000).sort((a, b) => (clockwise(0n, a) < clockwise(0n, b) ? -1 : 1));
    for (const id of near.slice(0, 20)) view.apply(record(id, 1, 'left'), 0, none);
    for (const id of near.slice(20, 36)) view.apply(record(id, 1), 0, none);
    expect(view.ids.slice(0, 16)).toEqual(near.slice(20, 36));
  });
});
