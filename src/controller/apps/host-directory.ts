import type { Directory, DirectoryRecord, NodeId } from '../../../topology/index.ts';
import { type AnnouncementSeal, sealLength } from './announcement.ts';
import type { App } from './app.ts';
import {
  type AddressRecord,
  decodeAddress,
  decodeHost,
  encodeAddress,
  encodeHost,
  keyOf,
  sealedPart,
} from './directory-records.ts';
import { type Host, type Station, stationKey } from './hosts.ts';

/** The overlay's directory. Both may answer in the same call. */
export type DirectoryAccess = Pick<Directory, 'get' | 'put'>;

export interface HostDirectoryOptions {
  readonly self: bigint;
  readonly directory: DirectoryAccess;
  readonly seal: AnnouncementSeal;
  /** What a record says of a MAC address; false: it is of no use. */
  readonly told: (station: Station, switchId: bigint, sequence: number, now: number) => boolean;
}

/** `now` is the time of the answer. */
type Told = (isFound: boolean, now: number) => void;
/** Who has an IP address. */
export type Address = Pick<AddressRecord, 'mac' | 'isRouter'>;
type AddressTold = (address: Address | undefined, now: number) => void;
/** The record without its seal. */
type RecordTold = (record: Uint8Array | undefined, now: number) => void;

interface Mine {
  readonly key: NodeId;
  /** `stationKey` of the host. */
  readonly owner: string;
  /** Without its seal; empty: it is withdrawn. */
  readonly record: Uint8Array;
  readonly version: number;
  dueAt: number;
}

interface Question {
  readonly until: number;
  readonly waiting: RecordTold[];
}

/** Records are put again so often, and live three times as long. */
const refreshMs = 200_000;
/** Where the directory did not answer, or another switch says the same address to be its own. */
const retryMs = 2_000;
const putsPerTick = 16;
export const maxRecordsOwned = 8_192;
/** Who asks has frames waiting: after that they go without an answer. */
export const askMs = 300;
export const maxQuestions = 256;
const maxWaiting = 64;
/** What nobody knew is not asked again for so long. */
const unknownMs = 2_000;

/**
 * `host-directory`: keeps in the overlay's directory which MAC addresses are at this switch's leaf ports, with their mobility
 * sequence, and which IP addresses they have; and asks it for others'.
 */
export class HostDirectory implements App {
  readonly #counts = {
    ...{ directoryPuts: 0, directoryQuestions: 0, directoryHits: 0, directorySilent: 0, directoryFull: 0 },
    /** Records that the switch which they name did not make. */
    directoryForged: 0,
  };
  readonly #options: HostDirectoryOptions;
  readonly #mine = new Map<NodeId, Mine>();
  readonly #questions = new Map<NodeId, Question>();
  /** Until when it is not asked again for an address. */
  readonly #unknown = new Map<NodeId, number>();
  #now = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(options: HostDirectoryOptions) {
    this.#options = options;
  }

  get counters() {
    return this.#counts;
  }

  /** Records of its own that it has in the directory. */
  get size(): number {
    return this.#mine.size;
  }

  /** A host turned up at a leaf port of this switch. */
  settled(host: Station & Pick<Host, 'sequence'>): void {
    const { mac, vlan, sequence } = host;
    const { self: switchId } = this.#options;
    this.#own(keyOf(mac, vlan), stationKey(host), encodeHost({ switchId, sequence }), sequence + 1);
  }

  /** A host at a leaf port of this switch says that it has an IP address. */
  addressed(ip: Uint8Array, address: Address): void {
    const { self: switchId } = this.#options;
    this.#own(keyOf(ip), stationKey(untagged(address.mac)), encodeAddress({ switchId, ...address }), 1);
  }

  /** A host moved to another switch, whose records these are from now on; or it fell silent, and they are withdrawn. */
  left(host: Station, isSilent: boolean): void {
    const owner = stationKey(host);
    for (const [key, mine] of this.#mine) {
      if (mine.owner !== owner) continue;
      this.#mine.delete(key);
      if (isSilent) this.#put({ ...mine, record: new Uint8Array(), version: mine.version + 1 });
    }
  }

  /** Where a host is; `done` may be called at once. */
  findHost(station: Station, now: number, done: Told): void {
    this.#find(keyOf(station.mac, station.vlan), now, (record, at) => {
      const host = record && decodeHost(record);
      done(host !== undefined && this.#options.told(station, host.switchId, host.sequence, at), at);
    });
  }

  /** Who has an IP address; where that host is, is asked for, too. `isKnown`: for which MAC addresses it is not. */
  findAddress(ip: Uint8Array, isKnown: (mac: Uint8Array) => boolean, now: number, done: AddressTold): void {
    this.#find(keyOf(ip), now, (record, at) => {
      const address = record && decodeAddress(record);
      if (address === undefined || isKnown(address.mac)) done(address, at);
      else this.findHost(untagged(address.mac), at, (isFound, then) => done(isFound ? address : undefined, then));
    });
  }

  tick(now: number): void {
    this.#now = now;
    for (const [key, { until }] of this.#questions) {
      if (now < until) continue;
      this.#counts.directorySilent += 1;
      this.#answered(key, undefined);
    }
    for (const [key, until] of this.#unknown) {
      if (now < until) break;
      this.#unknown.delete(key);
    }
    if (now >= this.#dueAt) this.#putDue(now);
  }

  #own(key: NodeId, owner: string, record: Uint8Array, version: number): void {
    const known = this.#mine.get(key);
    if (known !== undefined && known.owner === owner && isSame(known.record, record)) return;
    if (known === undefined && this.#mine.size >= maxRecordsOwned) {
      this.#counts.directoryFull += 1;
      return;
    }
    this.#mine.set(key, { key, owner, record, version: Math.max(version, (known?.version ?? 0) + 1), dueAt: 0 });
    this.#dueAt = 0;
  }

  #putDue(now: number): void {
    let left = putsPerTick;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const mine of [...this.#mine.values()]) {
      if (now >= mine.dueAt && left > 0) {
        left -= 1;
        mine.dueAt = now + refreshMs;
        this.#put(mine);
      }
      this.#dueAt = Math.min(this.#dueAt, mine.dueAt);
    }
  }

  #put(mine: Mine): void {
    const { key, version, record } = mine;
    const value = record.length === 0 ? record : this.#sealed(key, version, record);
    this.#counts.directoryPuts += 1;
    this.#options.directory.put({ key, version, value }, this.#now, (kept, isAnswered) => {
      const isMine = kept !== undefined && kept.version <= version && isSame(kept.value, value);
      if (this.#mine.get(key) !== mine || (isAnswered && isMine)) return;
      // Who heard the host last is right: its record is newer than any that is there, whatever its switch knew of the host.
      const next = Math.min(Math.max(version, (kept?.version ?? 0) + 1), Number.MAX_SAFE_INTEGER);
      this.#mine.set(key, { ...mine, version: isAnswered ? next : version, dueAt: this.#now + retryMs });
      this.#dueAt = Math.min(this.#dueAt, this.#now + retryMs);
    });
  }

  #find(key: NodeId, now: number, done: RecordTold): void {
    this.#now = now;
    const asked = this.#questions.get(key);
    if (asked !== undefined && asked.waiting.length < maxWaiting) asked.waiting.push(done);
    else if (asked !== undefined || this.#unknown.has(key) || this.#questions.size >= maxQuestions)
      done(undefined, now);
    else {
      this.#counts.directoryQuestions += 1;
      this.#questions.set(key, { until: now + askMs, waiting: [done] });
      this.#options.directory.get(key, now, (record) => this.#answered(key, record && this.#opened(record)));
    }
  }

  #sealed(key: NodeId, version: number, record: Uint8Array): Uint8Array {
    return Buffer.concat([record, this.#options.seal.sign(sealedPart(key, version, record))]);
  }

  /** The record in a value that the switch of the record sealed. */
  #opened({ key, version, value }: DirectoryRecord): Uint8Array | undefined {
    const record = value.subarray(0, Math.max(0, value.length - sealLength));
    const found = decodeHost(record) ?? decodeAddress(record);
    const seal = value.subarray(record.length);
    if (found && this.#options.seal.verify(found.switchId, sealedPart(key, version, record), seal)) return record;
    this.#counts.directoryForged += 1;
    return undefined;
  }

  #answered(key: NodeId, record: Uint8Array | undefined): void {
    const question = this.#questions.get(key);
    if (question === undefined) return;
    this.#questions.delete(key);
    if (record !== undefined) this.#counts.directoryHits += 1;
    else if (this.#unknown.size < maxQuestions) this.#unknown.set(key, this.#now + unknownMs);
    for (const done of question.waiting) done(record, this.#now);
  }
}

/** IP addresses are looked after without a VLAN tag only. */
function untagged(mac: Uint8Array): Station {
  return { mac, vlan: 0 };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
