import { describe, expect, it } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement, maxClaims } from '../../src/controller/apps/announcement.ts';
import {
  type Claim,
  dampingMs,
  type HostLocation,
  HostTable,
  hostAgeingMs,
  maxHostsPerPlace,
  maxSequenceJump,
} from '../../src/controller/apps/hosts.ts';
import { openSeal } from './support/open-seal.ts';

const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
/** Without a VLAN. */
const on = (address: Uint8Array) => ({ mac: address, vlan: 0 });
const leaf = (port: number): HostLocation => ({ kind: 'local', port });
const remote = (switchId: bigint): HostLocation => ({ kind: 'remote', switchId });
const claim = (switchId: bigint, sequence: number, more: Partial<Claim> = {}): Claim => ({
  mac,
  vlan: 0,
  sequence,
  isObjection: false,
  switchId,
  stamp: { epoch: 1, count: 1 },
  ...more,
});
/** Of switch 5, which knows of a host at switch 3 with the sequence 10. */
function table() {
  const hosts = new HostTable(5n);
  expect(hosts.claimed(claim(3n, 10), 0)).toBe('learned');
  return hosts;
}

describe('of two claims', () => {
  it.each([
    ['a higher sequence holds', 4n, 11, 'moved', 4n],
    ['a lower one is out of date', 4n, 9, 'late', 3n],
    ['an equal one holds from a lower switch id', 2n, 10, 'moved', 2n],
    ['an equal one of a higher switch id does not', 4n, 10, 'late', 3n],
    ['one that nobody can have got to is not believed', 4n, 10 + maxSequenceJump + 1, 'jump', 3n],
    ['the largest step that is believed', 4n, 10 + maxSequenceJump, 'moved', 4n],
  ] as const)('%s', (_, switchId, sequence, result, place) => {
    const hosts = table();
    expect(hosts.claimed(claim(switchId, sequence), 1)).toBe(result);
    expect(hosts.get(on(mac))?.location).toEqual(remote(place));
  });

  it('the sequence goes on after its last number', () => {
    const hosts = new HostTable(5n);
    hosts.claimed(claim(3n, 0xffff_ffff), 0);
    expect(hosts.claimed(claim(4n, 0), 1)).toBe('moved');
    expect(hosts.heard(on(mac), leaf(1), 2)).toBe('moved');
    expect(hosts.get(on(mac))?.sequence).toBe(1);
  });

  it('the later one of the same switch holds, also when it began anew; an older one that comes late does not', () => {
    const hosts = table();
    expect(hosts.claimed(claim(3n, 0, { stamp: { epoch: 2, count: 1 } }), 1)).toBe('known');
    expect(hosts.get(on(mac))?.sequence).toBe(0);
    expect(hosts.claimed(claim(3n, 10, { stamp: { epoch: 1, count: 9 } }), 2)).toBe('late');
    expect(hosts.claimed(claim(4n, 1), 3)).toBe('moved');
  });

  it('an older one of the same switch holds when none can be under way any more: its clock was set back', () => {
    const hosts = table();
    hosts.claimed(claim(3n, 20, { stamp: { epoch: 9, count: 1 } }), 1_000);
    const setBack = claim(3n, 0, { stamp: { epoch: 2, count: 1 } });
    expect(hosts.claimed(setBack, 10_999)).toBe('late');
    expect(hosts.claimed(setBack, 11_000)).toBe('known');
    // Its host's sequence is what it says: who gets the host next is not taken for late.
    expect(hosts.claimed(claim(4n, 1), 11_001)).toBe('moved');
  });
});

describe('a MAC address in two VLANs', () => {
  it('is two hosts, which neither move nor age each other', () => {
    const hosts = table();
    const tagged = { mac, vlan: 7 };
    expect(hosts.heard(tagged, leaf(1), 1)).toBe('learned');
    expect(hosts.claimed(claim(4n, 1, { vlan: 7 }), 2)).toBe('moved');
    expect(hosts.get(tagged)?.location).toEqual(remote(4n));
    expect(hosts.get(on(mac))).toMatchObject({ location: remote(3n), sequence: 10 });
    expect(hosts.aged(tagged, remote(4n), 1_000_000)).toBe(true);
    expect(hosts.all.map(({ vlan }) => vlan)).toEqual([0]);
  });
});

describe('a host at a port of this switch', () => {
  it('is claimed with the next sequence, and given up for a higher one', () => {
    const hosts = table();
    expect(hosts.heard(on(mac), leaf(1), 1)).toBe('moved');
    expect(hosts.get(on(mac))).toMatchObject({ location: leaf(1), sequence: 11 });
    expect(hosts.claimed(claim(3n, 10), 2)).toBe('contested');
    expect(hosts.claimed(claim(3n, 12), 3)).toBe('moved');
    expect(hosts.get(on(mac))).toMatchObject({ location: remote(3n), sequence: 12 });
  });

  it('of which nothing was known outbids the switch that objects, if that comes soon', () => {
    for (const [ms, result] of [
      [1_999, 'contested'],
      [2_000, 'moved'],
    ] as const) {
      const hosts = new HostTable(5n);
      hosts.heard(on(mac), leaf(1), 0);
      expect(hosts.claimed(claim(3n, 40, { isObjection: true }), ms)).toBe(result);
      expect(hosts.get(on(mac))?.sequence).toBe(result === 'contested' ? 41 : 40);
    }
  });

  it('is not taken away by an old frame of another switch, but by a new one that claims nothing', () => {
    const hosts = table();
    hosts.heard(on(mac), leaf(1), 1);
    expect(hosts.heard(on(mac), remote(3n), 9_000)).toBe('contested');
    expect(hosts.heard(on(mac), remote(4n), 9_000)).toBe('contested');
    expect(hosts.heard(on(mac), remote(4n), 11_000)).toBe('moved');
    expect(hosts.heard(on(mac), leaf(2), 11_001)).toBe('moved');
    expect(hosts.get(on(mac))).toMatchObject({ location: leaf(2), sequence: 12 });
  });
});

describe('a host that nobody announces', () => {
  it('is followed by its frames, but not back to where it just was: those are old ones', () => {
    const hosts = new HostTable(5n);
    hosts.heard(on(mac), remote(3n), 0);
    expect(hosts.heard(on(mac), remote(4n), 1_000)).toBe('moved');
    expect(hosts.heard(on(mac), remote(3n), 10_999)).toBe('late');
    expect(hosts.heard(on(mac), remote(3n), 11_000)).toBe('moved');
  });

  it('is where a claim of the same sequence says, whatever the switch ids', () => {
    const hosts = new HostTable(5n);
    hosts.heard(on(mac), remote(3n), 0);
    expect(hosts.claimed(claim(4n, 0), 1)).toBe('moved');
    expect(hosts.heard(on(mac), remote(3n), 20_000)).toBe('moved');
    expect(hosts.claimed(claim(4n, 0, { stamp: { epoch: 1, count: 2 } }), 20_001)).toBe('moved');
  });
});

describe('an address that two hosts use', () => {
  it('is pinned to the lower switch id at both ends, for a while', () => {
    const [low, high] = [new HostTable(2n), new HostTable(9n)];
    let now = 0;
    const turns = [low, high].map((own, i) => {
      const other = i === 0 ? high : low;
      return () => {
        now += 100;
        const result = own.heard(on(mac), leaf(1), now);
        const { sequence } = own.get(on(mac))!;
        other.claimed(claim(i === 0 ? 2n : 9n, sequence, { stamp: { epoch: 1, count: now } }), now);
        return result;
      };
    });
    const results: string[] = [];
    for (let i = 0; i < 40; i++) results.push(turns[i % 2]!());
    expect(results.slice(2, 9)).toEqual(Array(7).fill('moved'));
    expect(results.slice(-4)).toEqual(['known', 'damped', 'known', 'damped']);
    expect(low.get(on(mac))?.location).toEqual(leaf(1));
    expect(high.get(on(mac))?.location).toEqual(remote(2n));
    now += dampingMs;
    expect(turns[1]!()).toBe('moved');
    expect(low.get(on(mac))?.location).toEqual(remote(9n));
  });

  it('is not what a host does that roams ten times in a minute', () => {
    const hosts = table();
    for (let i = 0; i < 30; i++) {
      expect(hosts.claimed(claim(BigInt(6 + (i % 2)), 11 + i), i * 6_100)).toBe('moved');
    }
  });
});

describe('the table', () => {
  it('forgets a host 300 s after it was last heard of, here or from its switch', () => {
    const hosts = new HostTable(5n);
    hosts.heard(on(mac), leaf(1), 0);
    hosts.heard(on(mac), leaf(1), 1_000);
    expect(hosts.aged(on(mac), leaf(1), hostAgeingMs)).toBe(false);
    expect(hosts.aged(on(mac), leaf(2), hostAgeingMs + 1_000)).toBe(false);
    expect(hosts.aged(on(mac), leaf(1), hostAgeingMs + 1_000)).toBe(true);
    expect(hosts.all).toEqual([]);
  });

  it('bounds what one switch can claim, and leaves a host where it is when its new place is full', () => {
    const hosts = table();
    const other = (i: number) => Uint8Array.of(2, 1, 0, 0, i >> 8, i & 255);
    const results = Array.from({ length: 1100 }, (_, i) => hosts.claimed(claim(4n, 0, { mac: other(i) }), 0));
    expect(results.filter((result) => result === 'full')).toHaveLength(1100 - maxHostsPerPlace);
    expect(hosts.claimed(claim(4n, 11), 1)).toBe('full');
    expect(hosts.get(on(mac))?.location).toEqual(remote(3n));
    expect(hosts.forgetPlaces((place) => place.kind === 'remote' && place.switchId === 4n)).toHaveLength(1024);
    expect(hosts.claimed(claim(4n, 11), 2)).toBe('moved');
  });
});

describe('an announcement', () => {
  const claims = [
    { mac, vlan: 4094, sequence: 0xffff_fffe, isObjection: true },
    { mac: Uint8Array.of(6, 1, 2, 3, 4, 5), vlan: 0, sequence: 0, isObjection: false },
  ];
  const stamp = { epoch: 1_795_000_000_123, count: 7 };
  const frame = encodeAnnouncement(Uint8Array.of(2, 9, 9, 9, 9, 9), stamp, claims, openSeal.sign);

  it('says what was put in', () => {
    expect(decodeAnnouncement(frame, 3n)?.claims).toEqual(claims.map((each) => ({ ...each, stamp, switchId: 3n })));
  });

  it('is refused when it is cut short anywhere, of another version, or too long', () => {
    for (let length = 14; length < frame.length; length++) {
      expect(decodeAnnouncement(frame.subarray(0, length), 3n)).toBeUndefined();
    }
    expect(decodeAnnouncement(frame.with(14, 0x21), 3n)).toBeUndefined();
    expect(decodeAnnouncement(frame.with(16, 0xff), 3n)).toBeUndefined();
    const many = encodeAnnouncement(mac, stamp, Array(maxClaims + 1).fill(claims[0]), openSeal.sign);
    expect(decodeAnnouncement(many, 3n)).toBeUndefined();
  });

  it('claims no group address', () => {
    const group = encodeAnnouncement(
      mac,
      stamp,
      [{ mac: mac.with(0, 3), vlan: 0, sequence: 0, isObjection: false }],
      openSeal.sign,
    );
    expect(decodeAnnouncement(group, 3n)?.claims).toEqual([]);
  });
});
