import { afterEach, describe, expect, it } from 'vitest';
import type { FramePort, PausablePort } from '../../../src/tap/index.ts';
import { headed } from './headed.ts';
import { waitFor } from './wait.ts';

/** A port, and a way to act as the host behind it. */
export interface TapUnderTest {
  tap: FramePort;
  /** Lets the host send. */
  hostSend(frames: readonly Uint8Array[]): void;
  /** Copies of all frames that the host received. */
  hostReceived: Uint8Array[];
  /** Sets the interface down, or up again. */
  setLink(isUp: boolean): Promise<void>;
  /** Deletes the interface under the port; undefined: there is nothing to delete. */
  remove?(): Promise<void>;
  dispose(): Promise<void>;
}

export const MTU = 1400;
/** IEEE 802.1 local experimental EtherType: no network stack answers it. */
const ETHERTYPE = [0x88, 0xb5];

/** A broadcast frame of `length` bytes, told apart by `tag` (0 to 65,535). */
export function taggedFrame(tag: number, length = 64): Uint8Array {
  const frame = new Uint8Array(length).fill(tag & 0xff, 16);
  frame.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, ...ETHERTYPE, tag >> 8, tag & 0xff].slice(0, length));
  return frame;
}

/** Of a tagged frame; undefined for any other, such as the kernel's own. */
export function tagOf(frame: Uint8Array): number | undefined {
  const [high, low, ...tag] = frame.subarray(12, 16);
  return high === ETHERTYPE[0] && low === ETHERTYPE[1] ? ((tag[0] ?? 0) << 8) | (tag[1] ?? 0) : undefined;
}

const tags = (frames: readonly Uint8Array[]) => frames.map(tagOf).filter((tag) => tag !== undefined);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** What the bridge relies on, whichever port it has. */
export function tapCompliance(name: string, makeTap: () => Promise<TapUnderTest>): void {
  describe(`${name} as a port`, () => {
    let under: TapUnderTest | undefined;
    const make = async () => {
      under = await makeTap();
      return under;
    };
    afterEach(async () => {
      await under?.dispose();
      under = undefined;
    });

    /** Copies of the tagged frames that the TAP delivers, and the size of each batch. */
    const collect = (tap: FramePort) => {
      const frames: Uint8Array[] = [];
      const batches: number[] = [];
      tap.onFrames((batch) => {
        batches.push(batch.length);
        frames.push(...batch.filter((frame) => tagOf(frame) !== undefined).map((frame) => frame.slice()));
      });
      return { frames, batches };
    };

    it('says what it is', async () => {
      const { tap } = await make();
      expect(tap.name).toMatch(/^\S{1,15}$/);
      expect(tap.mac).toHaveLength(6);
      expect(tap.mtu).toBe(MTU);
    });

    it('hands frames to the host, whole and in order', async () => {
      const { tap, hostReceived } = await make();
      const frames = range(200).map((tag) => taggedFrame(tag, 60 + ((tag * 7) % 1300)));
      expect(tap.send(frames)).toBe(200);
      await waitFor(() => tags(hostReceived).length === 200);
      expect(hostReceived.filter((frame) => tagOf(frame) !== undefined)).toEqual(frames);
      expect(tap.counters).toMatchObject({
        txFrames: 200,
        txBytes: frames.reduce((sum, frame) => sum + frame.length, 0),
        txDropped: 0,
      });
    });

    it('takes headed frames, too', async () => {
      const { tap, hostReceived } = await make();
      const frames = range(100).map((tag) => taggedFrame(tag, 60 + tag));
      expect(tap.sendHeaded(frames.map((frame) => headed(frame)))).toBe(100);
      await waitFor(() => tags(hostReceived).length === 100);
      expect(hostReceived.filter((frame) => tagOf(frame) !== undefined)).toEqual(frames);
      expect(tap.sendHeaded([headed(taggedFrame(1), { gsoType: 3, gsoSize: 1 })])).toBe(0);
      expect(tap.counters).toMatchObject({ txFrames: 100, txDropped: 1 });
    });

    it('delivers what the host sent, whole and in order, in batches of at most 64', async () => {
      const { tap, hostSend } = await make();
      const received = collect(tap);
      const frames = range(200).map((tag) => taggedFrame(tag, 60 + ((tag * 7) % 1300)));
      hostSend(frames);
      await waitFor(() => received.frames.length === 200);
      expect(received.frames).toEqual(frames);
      expect(Math.max(...received.batches)).toBeLessThanOrEqual(64);
      expect(tap.counters.rxFrames).toBeGreaterThanOrEqual(200);
    });

    it('takes frames as long as the MTU with a VLAN tag, and drops and counts longer and shorter ones', async () => {
      const { tap, hostReceived } = await make();
      const frames = [taggedFrame(1, MTU + 14), taggedFrame(2, MTU + 19), taggedFrame(3, 13), taggedFrame(4)];
      expect(tap.send(frames)).toBe(2);
      await waitFor(() => tags(hostReceived).length === 2);
      expect(tags(hostReceived)).toEqual([1, 4]);
      expect(tap.counters).toMatchObject({ txFrames: 2, txDropped: 2, txBytes: MTU + 14 + 64 });
    });

    it('has taken a copy when send returns', async () => {
      const { tap, hostReceived } = await make();
      const frame = taggedFrame(7);
      tap.send([frame]);
      frame.fill(0);
      await waitFor(() => tags(hostReceived).length > 0);
      expect(tags(hostReceived)).toEqual([7]);
    });

    it('may send from the handler of frames', async () => {
      const { tap, hostSend, hostReceived } = await make();
      tap.onFrames((frames) => tap.send(frames.filter((frame) => tagOf(frame) === 9)));
      hostSend([taggedFrame(9, 99)]);
      await waitFor(() => tags(hostReceived).includes(9));
      expect(hostReceived.find((frame) => tagOf(frame) === 9)).toEqual(taggedFrame(9, 99));
    });

    it('may be closed from the handler of frames, and is silent after that', async () => {
      const { tap, hostSend } = await make();
      let calls = 0;
      let failed = false;
      tap.onError(() => {
        failed = true;
      });
      tap.onFrames(() => {
        calls += 1;
        tap.close();
      });
      hostSend(range(100).map((tag) => taggedFrame(tag)));
      await waitFor(() => calls > 0);
      hostSend([taggedFrame(1)]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(calls).toBe(1);
      expect(failed).toBe(false);
      expect(tap.send([taggedFrame(1)])).toBe(0);
      expect(tap.counters.txDropped).toBe(1);
      tap.close();
    });

    it('tells when its link goes down and comes back, drops and counts what is sent meanwhile, and goes on', async () => {
      const { tap, hostReceived, setLink } = await make();
      await waitFor(() => tap.isUp);
      const states: boolean[] = [];
      tap.onLink((isUp) => states.push(isUp));
      await setLink(false);
      await waitFor(() => states.length === 1);
      expect(tap.isUp).toBe(false);
      expect(tap.send([taggedFrame(1)])).toBe(0);
      expect(tap.counters.txDropped).toBe(1);
      await setLink(true);
      await waitFor(() => states.length === 2);
      expect(states).toEqual([false, true]);
      expect(tap.send([taggedFrame(2)])).toBe(1);
      await waitFor(() => tags(hostReceived).includes(2));
    });

    it('tells once that its interface was deleted, and is closed then', async () => {
      const { tap, remove } = await make();
      if (remove === undefined) return;
      const errors: Error[] = [];
      tap.onError((error) => errors.push(error));
      await remove();
      await waitFor(() => errors.length > 0);
      expect(errors).toMatchObject([{ code: 'TAP_GONE' }]);
      expect(tap.send([taggedFrame(1)])).toBe(0);
      tap.close();
      expect(errors).toHaveLength(1);
    });
  });
}

/** What the host's port can do besides. */
export function pauseCompliance(
  name: string,
  makeTap: () => Promise<Pick<TapUnderTest, 'hostSend' | 'dispose'> & { tap: PausablePort }>,
): void {
  it(`${name} delivers nothing while it is paused, then all that waited, in order`, async () => {
    const { tap, hostSend, dispose } = await makeTap();
    try {
      const received: (number | undefined)[] = [];
      const from = (first: number) => range(100).map((tag) => taggedFrame(first + tag));
      tap.onFrames((frames) => {
        received.push(...tags(frames));
        // From within the handler, as the bridge does.
        if (received.length > 0 && received.length <= 100) tap.pause(true);
      });
      hostSend(from(0));
      await waitFor(() => received.length > 0);
      const early = received.length;
      expect(early).toBeLessThanOrEqual(64);
      hostSend(from(100));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(received).toHaveLength(early);
      while (received.length < 200) {
        const before = received.length;
        tap.pause(false);
        await waitFor(() => received.length > before);
      }
      expect(received).toEqual(range(200));
      tap.pause(true);
    } finally {
      await dispose();
    }
    // Too late, and harmless.
    tap.pause(false);
  });
}
