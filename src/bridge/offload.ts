import { PortNo } from '../../ofp/index.ts';
import type { Bridge, FlowEntry } from '../../switch/index.ts';
import { Packet } from '../../switch/packet/index.ts';
import { FrameFinisher, type FramePort } from '../tap/index.ts';

type Frames = readonly Uint8Array[];

/** Of the virtio header before a headed frame (see src/tap/frame-port.ts). */
const headerLength = 12;
const flagsAt = 0;
const needsChecksum = 1;
const gsoTypeAt = 1;

/**
 * Lets super-frames of headed ports pass a bridge whole: cut up, each piece would cost as much as the whole. But rules may
 * rewrite frames and show them to controllers, for which a frame has to be finished: its checksum is there, and it is
 * no longer than a wire takes. So frames are finished before the switch sees them, unless its rules would just send them on.
 */
export class Offload {
  readonly #bridge: Bridge;
  readonly #packet = new Packet();
  /** Memory that holds headed frames and no others. */
  readonly #headed = new WeakSet<ArrayBufferLike>();
  /** All of the memory that the frame looked at last lies in: a batch lies in one piece. */
  #memory: Uint8Array = new Uint8Array(0);
  #finisher: FrameFinisher | undefined;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  // HOT PATH
  /** Calls `deliver` with the frames that a port delivered, in order, as the switch may have them. */
  receive(no: number, device: FramePort, frames: Frames, deliver: (frames: Frames) => void): void {
    if (!device.isHeaded) {
      deliver(frames);
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
  /** Sends frames that the switch hands out: those that still lie where they came in have their header, others need none. */
  send(device: FramePort, frames: Frames): number {
    let taken = 0;
    for (let begin = 0, end = 0; begin < frames.length; begin = end) {
      const isHeaded = this.#headed.has(frames[begin]!.buffer);
      for (end = begin + 1; end < frames.length && this.#headed.has(frames[end]!.buffer) === isHeaded; ) end++;
      const run = begin === 0 && end === frames.length ? frames : frames.slice(begin, end);
      taken += isHeaded ? device.sendHeaded(run) : device.send(run);
    }
    return taken;
  }

  #deliver(frames: Frames, areUnfinished: boolean, deliver: (frames: Frames) => void): void {
    if (frames.length === 0) return;
    if (!areUnfinished) {
      this.#headed.add(frames[0]!.buffer);
      deliver(frames);
      return;
    }
    this.#finisher ??= new FrameFinisher();
    this.#finisher.finish(frames, deliver);
  }

  #needsFinishing(no: number, frame: Uint8Array): boolean {
    if (this.#memory.buffer !== frame.buffer) this.#memory = new Uint8Array(frame.buffer);
    const at = frame.byteOffset - headerLength;
    if (this.#memory[at + gsoTypeAt] !== 0) return !this.#passesUnchanged(no, frame);
    return (this.#memory[at + flagsAt]! & needsChecksum) !== 0;
  }

  /** Whether the rules in force do nothing with such a frame but send it to ports or drop it. */
  #passesUnchanged(no: number, frame: Uint8Array): boolean {
    const packet = this.#packet;
    const { flows, hasVlans } = this.#bridge;
    // Frames between ports of VLANs may get a tag or lose it.
    if (hasVlans || !packet.load(frame)) return false;
    packet.setContext(no, 0, 0, 0, 0);
    for (let tableId = 0; tableId >= 0; ) {
      const entry = flows.table(tableId)?.peek(packet.key);
      if (!entry) return true;
      if (!sendsOnly(entry)) return false;
      tableId = entry.program.goto;
    }
    return true;
  }
}

function sendsOnly({ program: { meter, metadata, apply, write } }: FlowEntry): boolean {
  return meter === 0 && metadata === undefined && apply.every(isToPort) && write.every(isToPort);
}

function isToPort({ kind, outPort }: { readonly kind: string; readonly outPort?: number }): boolean {
  return kind === 'output' && outPort !== PortNo.CONTROLLER;
}
