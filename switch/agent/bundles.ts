import {
  BadRequestCode,
  BundleControlType,
  BundleFailedCode,
  decode,
  ErrorType,
  type Message,
  type MessageType,
  OfpDecodeError,
  type OfpMessage,
  type OfpVersion,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { get16, get32 } from '../packet/index.ts';
import { type ByVersion, inVersion } from './by-version.ts';
import type { AgentConnection } from './connection.ts';

/** A bundle that nothing is added to for this long is given up, ms. */
const idleMs = 10_000;
/** Bundles of one controller, and the bytes of the messages in all of them. */
const maxBundles = 64;
const maxBytes = 1 << 26;

/** Where a message lies in the one that adds it to a bundle; before 1.4 that is an experimenter's. */
const innerAt: ByVersion<number> = { 1: 24, 5: 16 };

/** What may be in a bundle: what changes the switch and can be undone, and packet-outs. */
const bundled: ReadonlySet<MessageType> = new Set<MessageType>([
  'flowMod',
  'groupMod',
  'meterMod',
  'portMod',
  'packetOut',
]);

interface Entry {
  readonly message: OfpMessage;
  readonly frame: Uint8Array;
}

interface Bundle {
  readonly flags: number;
  /** The message that opened it, for the error that ends it. */
  readonly opener: Uint8Array;
  readonly entries: Entry[];
  isClosed: boolean;
  usedAt: number;
  bytes: number;
}

/** An entry that was refused; what was refused is told on its own. */
class EntryFailure extends Error {
  readonly entry: Entry;
  readonly refusal: OpenFlowRefusal | OfpDecodeError;

  constructor(entry: Entry, refusal: OpenFlowRefusal | OfpDecodeError) {
    super(refusal.message);
    this.entry = entry;
    this.refusal = refusal;
  }
}

/** Undoes a rehearsal. */
class Rehearsed extends Error {}

/**
 * The bundles of one controller (1.4 section 6.9): messages that are kept, and carried out all together or not at all,
 * in their order, whatever the flags ask for.
 */
export class Bundles {
  readonly #connection: AgentConnection;
  readonly #bundles = new Map<number, Bundle>();
  #bytes = 0;

  constructor(connection: AgentConnection) {
    this.#connection = connection;
  }

  /** Answers a bundle control message. Throws `OpenFlowRefusal`. */
  control(message: Message<'bundleControl'>, now: number, frame: Uint8Array): void {
    const { bundleId, ctrlType, flags } = message;
    const act = this.#actions.get(ctrlType);
    if (!act) throw refusal(BundleFailedCode.BAD_TYPE, `no control type ${ctrlType}`);
    act(bundleId, flags, now, frame);
    this.#connection.reply(message, { type: 'bundleControl', bundleId, ctrlType: ctrlType + 1 });
  }

  /** Keeps a message. Throws `OpenFlowRefusal`; a message that makes no sense is refused at once. */
  add({ bundleId, flags, message, xid }: Message<'bundleAddMessage'>, now: number, frame: Uint8Array): void {
    if (message.xid !== xid) throw refusal(BundleFailedCode.MSG_BAD_XID, `transaction ${message.xid} in ${xid}`);
    if (!bundled.has(message.type)) throw refusal(BundleFailedCode.MSG_UNSUP, `${message.type} in a bundle`);
    const bundle = this.#bundles.get(bundleId) ?? this.#open(bundleId, flags, now, frame);
    if (bundle.isClosed) this.#drop(bundleId, BundleFailedCode.BUNDLE_CLOSED);
    if (bundle.flags !== flags) this.#drop(bundleId, BundleFailedCode.BAD_FLAGS);
    if (this.#bytes + frame.length > maxBytes) this.#drop(bundleId, BundleFailedCode.MSG_TOO_MANY);
    const entry = innerOf(frame, this.#connection.version);
    this.#connection.check(entry.message, entry.frame);
    bundle.entries.push(entry);
    bundle.usedAt = now;
    bundle.bytes += frame.length;
    this.#bytes += frame.length;
  }

  /** Gives up the bundles that were left alone for too long. */
  expire(now: number): void {
    for (const [id, { usedAt, opener }] of this.#bundles) {
      if (now - usedAt < idleMs) continue;
      this.#forget(id);
      this.#connection.session.refuse(opener, ErrorType.BUNDLE_FAILED, BundleFailedCode.TIMEOUT);
    }
  }

  readonly #actions: ReadonlyMap<number, (id: number, flags: number, now: number, frame: Uint8Array) => void> = new Map(
    [
      [
        BundleControlType.OPEN_REQUEST,
        (id, flags, now, frame) => {
          if (this.#bundles.has(id)) this.#drop(id, BundleFailedCode.BAD_ID);
          this.#open(id, flags, now, frame);
        },
      ],
      [
        BundleControlType.CLOSE_REQUEST,
        (id, flags, now) => {
          const bundle = this.#expect(id);
          if (bundle.isClosed) this.#drop(id, BundleFailedCode.BUNDLE_CLOSED);
          if (bundle.flags !== flags) this.#drop(id, BundleFailedCode.BAD_FLAGS);
          bundle.isClosed = true;
          bundle.usedAt = now;
        },
      ],
      [
        BundleControlType.COMMIT_REQUEST,
        (id, flags, now) => {
          const bundle = this.#expect(id);
          if (bundle.flags !== flags) this.#drop(id, BundleFailedCode.BAD_FLAGS);
          this.#forget(id);
          this.#commit(bundle.entries, now);
        },
      ],
      [
        BundleControlType.DISCARD_REQUEST,
        (id) => {
          this.#expect(id);
          this.#forget(id);
        },
      ],
    ],
  );

  #open(id: number, flags: number, now: number, frame: Uint8Array): Bundle {
    if (this.#bundles.size >= maxBundles) throw refusal(BundleFailedCode.OUT_OF_BUNDLES, `${maxBundles} bundles`);
    const bundle = { flags, opener: frame.slice(), entries: [], isClosed: false, usedAt: now, bytes: 0 };
    this.#bundles.set(id, bundle);
    return bundle;
  }

  #expect(id: number): Bundle {
    return this.#bundles.get(id) ?? this.#drop(id, BundleFailedCode.BAD_ID);
  }

  #drop(id: number, code: number): never {
    this.#forget(id);
    throw refusal(code, `bundle ${id}`);
  }

  #forget(id: number): void {
    this.#bytes -= this.#bundles.get(id)?.bytes ?? 0;
    this.#bundles.delete(id);
  }

  #commit(entries: readonly Entry[], now: number): void {
    try {
      // Packets that are out cannot be taken back: before any goes, everything else is tried.
      if (entries.some(({ message }) => message.type === 'packetOut')) this.#rehearse(entries, now);
      this.#connection.agent.atomically(() => this.#carryOut(entries, now));
    } catch (error) {
      if (!(error instanceof EntryFailure)) throw error;
      const { errorType, errorCode } = error.refusal;
      this.#connection.session.refuse(error.entry.frame, errorType, errorCode);
      throw refusal(BundleFailedCode.MSG_FAILED, error.message);
    }
  }

  #rehearse(entries: readonly Entry[], now: number): void {
    try {
      this.#connection.agent.atomically(() => {
        this.#carryOut(
          entries.filter(({ message }) => message.type !== 'packetOut'),
          now,
        );
        throw new Rehearsed();
      });
    } catch (error) {
      if (!(error instanceof Rehearsed)) throw error;
    }
  }

  #carryOut(entries: readonly Entry[], now: number): void {
    for (const entry of entries) {
      try {
        this.#connection.carryOut(entry.message, entry.frame, now);
      } catch (error) {
        if (!(error instanceof OpenFlowRefusal || error instanceof OfpDecodeError)) throw error;
        throw new EntryFailure(entry, error);
      }
    }
  }
}

/** A copy of the message inside, as it has to last. */
function innerOf(frame: Uint8Array, version: OfpVersion): Entry {
  const at = inVersion(innerAt, version);
  const inner = frame.slice(at, at + get16(frame, at + 2));
  if (inner[0] !== version || get32(inner, 4) !== get32(frame, 4)) {
    throw new OpenFlowRefusal(ErrorType.BAD_REQUEST, BadRequestCode.BAD_VERSION, 'another version in a bundle');
  }
  return { message: decode(inner), frame: inner };
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BUNDLE_FAILED, code, reason);
}
