import type { Bridge } from '../../switch/index.ts';
import { headerLength, isFinished, isHeaded, markHeaded } from '../../switch/packet/index.ts';
import { FrameFinisher, type FramePort } from '../tap/index.ts';

type Frames = readonly Uint8Array[];

/** Takes frames into the switch. */
export type Deliver = (frames: Frames, areHeaded: boolean) => void;

/**
 * Lets super-frames of headed ports pass a bridge whole: cut up, each piece would cost as much as the whole. But rules may
 * rewrite frames and show them to controllers, for which a frame has to be finished: its checksum is there, and it is
 * no longer than a wire takes. So frames are finished before the switch sees them where its rules ask for that.
 */
export class Offload {
  readonly #bridge: Bridge;
  /** All of the memory that the frame looked at last lies in: a batch lies in one piece. */
  #memory: Uint8Array = new Uint8Array(0);
  #finisher: FrameFinisher | undefined;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  // HOT PATH
  /** Calls `deliver` with the frames that a port delivered, in order, as the switch may have them. */
  receive(no: number, device: FramePort, frames: Frames, deliver: Deliver): void {
    if (!device.isHeaded) {
      deliver(frames, false);
      return;
    }
    if (frames.length > 0) markHeaded(frames[0]!);
    if (this.#bridge.passesAllWhole) {
      deliver(frames, true);
      return;
    }
    let begin = 0;
    let isBefore = false;
    for (let i = 0; i < frames.length; i++) {
      const isUnfinished = this.#needsFinishing(no, frames[i]!);
      if (i > begin && isUnfinished !== isBefore) {
        this.#deliver(frames.slice(begin, i), isBefore, deliver);
        begin = i;
      }
      isBefore = isUnfinished;
    }
    this.#deliver(begin === 0 ? frames : frames.slice(begin), isBefore, deliver);
  }

  // HOT PATH
  /** Sends frames that the switch hands out: headed ones and others, in order. */
  send(device: FramePort, frames: Frames): number {
    let taken = 0;
    for (let begin = 0, end = 0; begin < frames.length; begin = end) {
      const areHeaded = isHeaded(frames[begin]!);
      for (end = begin + 1; end < frames.length && isHeaded(frames[end]!) === areHeaded; ) end++;
      const run = begin === 0 && end === frames.length ? frames : frames.slice(begin, end);
      taken += areHeaded ? device.sendHeaded(run) : device.send(run);
    }
    return taken;
  }

  #deliver(frames: Frames, areUnfinished: boolean, deliver: Deliver): void {
    if (frames.length === 0) return;
    if (!areUnfinished) {
      deliver(frames, true);
      return;
    }
    this.#finisher ??= new FrameFinisher();
    this.#finisher.finish(frames, (finished) => deliver(finished, false));
  }

  #needsFinishing(no: number, frame: Uint8Array): boolean {
    if (this.#memory.buffer !== frame.buffer) this.#memory = new Uint8Array(frame.buffer);
    const at = frame.byteOffset - headerLength;
    return !isFinished(this.#memory, at) && !this.#bridge.passesWhole(no, frame);
  }
}
