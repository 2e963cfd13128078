import { describe, expect, it } from 'vitest';
import { PortNo, PortReason, PortState } from '../../ofp/index.ts';
import { loopHoldMs, loopProbeMs } from '../../switch/index.ts';
import { apply, BridgeLab, frame, inPort, type LabPort, mac, output } from './support/switch-lab.ts';

const everyone = mac(0xff).fill(0xff);

/** A bridge on its own whose ports are wired to each other outside. */
class LoopLab extends BridgeLab {
  readonly ports: LabPort[] = [this.leaf(), this.leaf(), this.leaf()];
  now = 0;

  /** Time passes in probe intervals; `wires` say to which ports what a port sends goes. Gives the frames that went over them. */
  run(rounds: number, wires: Readonly<Record<number, readonly number[]>>): number {
    let carried = 0;
    for (let round = 0; round < rounds; round++) {
      this.bridge.tick(this.now);
      for (let hop = 0; hop < 20; hop++) {
        const out = this.ports.map((port) => port.sent.splice(0));
        out.forEach((frames, i) => {
          if (frames.length === 0) return;
          for (const to of wires[i + 1] ?? []) {
            carried += frames.length;
            this.bridge.receive(to, frames, this.now);
          }
        });
      }
      this.now += loopProbeMs;
    }
    return carried;
  }

  get blocked(): number[] {
    return this.bridge.ports.filter(({ state }) => (state & PortState.BLOCKED) !== 0).map(({ no }) => no);
  }
}

describe('a switch that stands alone', () => {
  it('forwards as a learning switch what its rules leave open', () => {
    const lab = new LoopLab();
    lab.flow({ priority: 0, instructions: [apply(output(PortNo.CONTROLLER))] });
    lab.flow({ match: [inPort(3)], instructions: [apply(output(1))] });
    lab.bridge.standAlone(true);
    lab.bridge.receive(1, [frame(everyone, mac(1))], 0);
    expect(lab.ports.map(({ sent }) => sent.length)).toEqual([0, 1, 1]);
    lab.bridge.receive(2, [frame(mac(1), mac(2))], 0);
    lab.bridge.receive(3, [frame(mac(2), mac(3))], 0);
    expect(lab.ports.map(({ sent }) => sent.length)).toEqual([2, 1, 1]);
    expect(lab.eventsNamed('packetIn')).toEqual([]);
    lab.bridge.standAlone(false);
    lab.bridge.receive(1, [frame(everyone, mac(1))], 0);
    expect(lab.eventsNamed('packetIn')).toHaveLength(1);
    expect(lab.bridge.nextTick()).toBeGreaterThan(0);
  });

  it('forwards without any rule', () => {
    const lab = new LoopLab();
    lab.bridge.standAlone(true);
    lab.bridge.receive(1, [frame(everyone, mac(1))], 0);
    expect(lab.ports.map(({ sent }) => sent.length)).toEqual([0, 1, 1]);
  });

  it('probes every leaf port at once and each second, and blocks nothing without a loop', () => {
    const lab = new LoopLab();
    lab.bridge.standAlone(true);
    expect(lab.bridge.nextTick()).toBe(0);
    lab.bridge.tick(0);
    expect(lab.ports.map(({ sent }) => sent.length)).toEqual([1, 1, 1]);
    expect(lab.bridge.nextTick()).toBe(loopProbeMs);
    lab.run(100, {});
    expect(lab.blocked).toEqual([]);
  });

  it('blocks the higher of two ports that are joined, tells of it, and ends the storm', () => {
    const lab = new LoopLab();
    lab.bridge.standAlone(true);
    lab.bridge.receive(3, [frame(everyone, mac(3))], 0);
    lab.run(1, { 1: [2], 2: [1] });
    expect(lab.blocked).toEqual([2]);
    expect(lab.eventsNamed('portStatus').at(-1)).toMatchObject([{ no: 2 }, PortReason.MODIFY]);
    lab.ports[2]!.sent.length = 0;
    lab.bridge.receive(3, [frame(everyone, mac(3))], 0);
    expect(lab.run(50, { 1: [2], 2: [1] })).toBeLessThanOrEqual(102);
    expect(lab.blocked).toEqual([2]);
    expect(lab.bridge.counters.loops).toBe(1);
  });

  it('opens the port again when the loop is gone, or it does not stand alone any more', () => {
    const lab = new LoopLab();
    lab.bridge.standAlone(true);
    lab.run(2, { 1: [2], 2: [1] });
    expect(lab.blocked).toEqual([2]);
    lab.run(loopHoldMs / loopProbeMs - 1, {});
    expect(lab.blocked).toEqual([2]);
    lab.run(3, {});
    expect(lab.blocked).toEqual([]);
    lab.run(2, { 1: [2], 2: [1] });
    lab.bridge.standAlone(false);
    expect(lab.blocked).toEqual([]);
  });

  it('blocks a port that hears itself, and the receiving end of a loop that goes one way', () => {
    const lab = new LoopLab();
    lab.bridge.standAlone(true);
    lab.run(2, { 1: [1] });
    expect(lab.blocked).toEqual([1]);
    const other = new LoopLab();
    other.bridge.standAlone(true);
    other.run(5, { 3: [2] });
    expect(other.blocked).toEqual([2]);
  });

  it('takes no probe of another switch for its own', () => {
    const lab = new LoopLab();
    const other = new BridgeLab({ selfId: 5n << 64n });
    const port = other.leaf();
    other.bridge.standAlone(true);
    other.bridge.tick(0);
    lab.bridge.standAlone(true);
    lab.bridge.receive(1, port.sent, 0);
    expect(lab.blocked).toEqual([]);
    expect(lab.ports[1]!.sent).toHaveLength(1);
  });
});
