import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { type Cable, MemoryHost } from '../../tools/lab/memory-host.ts';

/** One Ethernet that carries every frame to everybody else, 1 ms later, and notes what it carried. */
class Wire {
  readonly clock = new VirtualClock();
  readonly carried: Uint8Array[] = [];
  lossy = false;
  readonly #handlers: ((frames: readonly Uint8Array[]) => void)[] = [];

  host(i: number): MemoryHost {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, i);
    return new MemoryHost({ cable: this.plug(), mac, v4: `10.77.0.${i}`, v6: `fd77::${i}`, clock: this.clock });
  }

  plug(): Cable {
    const own = this.#handlers.length;
    this.#handlers.push(() => {});
    return {
      send: (frames) => {
        this.carried.push(...frames);
        const copies = frames.map((frame) => frame.slice());
        if (!this.lossy) {
          this.clock.after(1, () => {
            for (const [i, handler] of this.#handlers.entries()) if (i !== own) handler(copies);
          });
        }
        return frames.length;
      },
      onFrames: (handler) => {
        this.#handlers[own] = handler;
      },
    };
  }
}

/** What a promise has come to by the time the clock is there. */
async function outcome<Value>(clock: VirtualClock, ms: number, promise: Promise<Value>): Promise<Value | 'waiting'> {
  clock.advance(ms);
  return Promise.race([promise, Promise.resolve('waiting' as const)]);
}

describe('a host in memory', () => {
  it.each(['10.77.0.2', 'fd77::2'])('asks for its neighbour once, then echoes: %s', async (address) => {
    const wire = new Wire();
    const [one] = [wire.host(1), wire.host(2), wire.host(3)];
    expect(await outcome(wire.clock, 10, one!.ping(address, 1000))).toBe(4);
    expect(wire.carried).toHaveLength(4);
    expect(await outcome(wire.clock, 10, one!.ping(address, 1000))).toBe(2);
    expect(wire.carried).toHaveLength(6);
  });

  it('asks again while nobody answers, and gives up in time', async () => {
    const wire = new Wire();
    const one = wire.host(1);
    wire.host(2);
    wire.lossy = true;
    const lost = one.ping('10.77.0.2', 400);
    expect(await outcome(wire.clock, 399, lost)).toBe('waiting');
    expect(await outcome(wire.clock, 2, lost)).toBeUndefined();
    expect(wire.carried).toHaveLength(2);
    const slow = one.ping('10.77.0.2', 1000);
    wire.clock.advance(100);
    wire.lossy = false;
    expect(await outcome(wire.clock, 900, slow)).toBe(254);
  });

  it('ends what waits when it is closed', async () => {
    const wire = new Wire();
    const one = wire.host(1);
    const ping = one.ping('10.77.0.9', 1000);
    one.close();
    expect(await ping).toBeUndefined();
    wire.clock.advance(5000);
    expect(wire.carried).toHaveLength(1);
  });

  it('answers nobody else, and survives what is cut short', async () => {
    const wire = new Wire();
    const one = wire.host(1);
    wire.host(2);
    const attacker = wire.plug();
    const heard: Uint8Array[] = [];
    attacker.onFrames((frames) => heard.push(...frames.map((frame) => frame.slice())));
    for (const address of ['10.77.0.2', 'fd77::2']) await outcome(wire.clock, 10, one.ping(address, 100));
    const carried = wire.carried.map((frame) => frame.slice());
    expect(carried).toHaveLength(8);
    for (const frame of carried) {
      for (let length = 0; length < frame.length; length++) attacker.send([frame.subarray(0, length)]);
    }
    expect(() => wire.clock.advance(100)).not.toThrow();
  });
});
