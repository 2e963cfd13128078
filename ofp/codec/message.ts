/** Whole messages: the header, and the choice of the structure that follows it. */
import type { OfpVersion } from '../errors.ts';
import { OfpEncodeError } from '../errors.ts';
import type { OfpMessage, OfpMessageInput } from '../messages.ts';
import { MESSAGES } from '../tables/messages.ts';
import { MULTIPART_REPLIES, MULTIPART_REQUESTS, type MultipartFamily } from '../tables/multipart.ts';
import type { Family, Struct } from '../tables/schema.ts';
import { type Codec, compile, layoutFor, type Reader, type Writer } from './compile.ts';
import { bad, cursor, FAULTS, fail, MAX_MESSAGE, out, put16, put32, putZeros, u16, u32, written } from './io.ts';
import { linkMessageCodec } from './nested.ts';
import { listOf } from './values.ts';
import { variableCodec } from './variable.ts';

const HEADER = 8;
const FIRST_VERSION = 1;
const LAST_VERSION = 6;
const HELLO = 0;
const EXPERIMENTER = 4;
const MULTIPART_EXPERIMENTER = 0xffff;
/** Where the body of an extension begins: 4 bytes, id, type and 4 bytes in 1.0; 8 bytes, id and type later. */
const EXPERIMENTER_START = 16;

interface Entry {
  readonly multipart: string;
  readonly code: number;
  readonly exp: readonly [number, number] | undefined;
  readonly codec: Codec | undefined;
  readonly start: number;
}

/** Type numbers of the two multipart messages (statistics in 1.0 to 1.2). */
const multipartCodes = (version: OfpVersion): readonly [number, number] => (version === 1 ? [16, 17] : [18, 19]);

interface VersionCodecs {
  readonly readers: readonly (Reader | undefined)[];
  readonly experimenters: ReadonlyMap<string, Reader>;
  readonly writers: ReadonlyMap<string, { code: number; write: Writer }>;
}

/** The codecs of a version, made when a message of it is first seen. */
const versions: (VersionCodecs | undefined)[] = [];

function codecsOf(version: OfpVersion): VersionCodecs {
  const made = versions[version] ?? makeVersion(version);
  versions[version] = made;
  return made;
}

function makeVersion(version: OfpVersion): VersionCodecs {
  const readers: (Reader | undefined)[] = new Array(256).fill(undefined);
  const experimenters = new Map<string, Reader>();
  const writers = new Map<string, { code: number; write: Writer }>();
  for (const [type, struct] of Object.entries(MESSAGES as Family)) {
    const layout = layoutFor(struct, version);
    if (layout === undefined) continue;
    const codec = compile(struct, layout, {
      name: type,
      version,
      head: `type:"${type}",version:${version},xid:xid`,
      exact: true,
      fault: FAULTS.requestLength,
      variable: (wire) => variableCodec(wire, version),
    });
    if (layout.exp === undefined) {
      readers[layout.code!] = codec.read;
      writers.set(type, { code: layout.code!, write: codec.write });
    } else {
      const [experimenter, expType] = layout.exp;
      experimenters.set(`${experimenter}:${expType}`, (b, at, end, xid) => codec.read(b, at + 8, end, xid));
      const write = (message: unknown): void => {
        put32(cursor.at, experimenter);
        put32(cursor.at + 4, expType);
        cursor.at += 8;
        codec.write(message);
      };
      writers.set(type, { code: EXPERIMENTER, write });
    }
  }
  const [request, reply] = multipartCodes(version);
  for (const [type, code, family] of [
    ['multipartRequest', request, MULTIPART_REQUESTS],
    ['multipartReply', reply, MULTIPART_REPLIES],
  ] as const) {
    const codec = multipartCodec(type, family, version);
    readers[code] = codec.read;
    writers.set(type, { code, write: codec.write });
  }
  return { readers, experimenters, writers };
}

/**
 * Multipart bodies. The padding after the flags came with 1.1. Bodies inside the experimenter type have its id and type
 * before them, and in 1.0 padding after those.
 */
function multipartCodec(type: string, family: MultipartFamily, version: OfpVersion): Codec {
  const readers = new Map<number, Entry>();
  const experimenters = new Map<string, Entry>();
  const writers = new Map<unknown, Entry>();
  const start = version === 1 ? 4 : 8;
  for (const [multipart, struct] of Object.entries(family)) {
    const layout = layoutFor(struct, version);
    if (layout === undefined) continue;
    const codec = bodyCodec(`${type}.${multipart}`, struct, version);
    const { code = MULTIPART_EXPERIMENTER, exp } = layout;
    const entry = { multipart, code, exp, codec, start: exp === undefined ? start : EXPERIMENTER_START };
    if (exp === undefined) readers.set(code, entry);
    else experimenters.set(`${exp[0]}:${exp[1]}`, entry);
    writers.set(multipart, entry);
  }

  const read: Reader = (b, at, end, xid) => {
    if (end - at < start) fail('too short', at, type, FAULTS.requestLength);
    const code = u16(b, at);
    let entry = readers.get(code);
    if (code === MULTIPART_EXPERIMENTER && end - at >= EXPERIMENTER_START) {
      entry = experimenters.get(`${u32(b, at + start)}:${u32(b, at + start + 4)}`) ?? entry;
    }
    if (entry === undefined) fail(`multipart type ${code}`, at, `${type}.multipart`, FAULTS.badMultipart);
    const flags = u16(b, at + 2);
    const { multipart, codec } = entry;
    if (codec === undefined) {
      if (end - at > entry.start) fail('left over', at + entry.start, `${type}.${multipart}`, FAULTS.requestLength);
      return { type, version, xid, multipart, flags };
    }
    const body = codec.read(b, at + entry.start, end, xid);
    if (cursor.at !== end) fail('left over', cursor.at, `${type}.${multipart}`, FAULTS.requestLength);
    return { type, version, xid, multipart, flags, body };
  };

  const write: Writer = (value) => {
    const message = value as { multipart: string; flags?: number; body: unknown };
    const entry = writers.get(message.multipart);
    if (entry === undefined) throw new OfpEncodeError(`${type}.multipart`, `no ${message.multipart} in this version`);
    const flags = message.flags ?? 0;
    if ((flags & 0xffff) !== flags) bad(`${type}.flags`, flags);
    const at = cursor.at;
    putZeros(at, entry.start);
    put16(at, entry.code);
    put16(at + 2, flags);
    if (entry.exp !== undefined) {
      put32(at + start, entry.exp[0]);
      put32(at + start + 4, entry.exp[1]);
    }
    cursor.at = at + entry.start;
    entry.codec?.write(message.body);
  };
  return { read, write };
}

function bodyCodec(name: string, struct: MultipartFamily[string], version: OfpVersion): Codec | undefined {
  if (struct.body === 'none') return undefined;
  if (struct.list !== undefined) return variableCodec(struct.list, version);
  const codec = compile(struct as Struct, layoutFor(struct, version)!, {
    name,
    version,
    exact: false,
    fault: FAULTS.requestLength,
    variable: (wire) => variableCodec(wire, version),
  });
  return struct.body === 'many' ? listOf(name, codec) : codec;
}

/** A hello may name a later version than any known: its header and elements are read as 1.5's. */
function versionOf(b: Uint8Array, at: number): OfpVersion {
  const version = b[at]!;
  const known = b[at + 1] === HELLO ? Math.min(version, LAST_VERSION) : version;
  if (known < FIRST_VERSION || known > LAST_VERSION)
    fail(`version ${version}`, at, 'header.version', FAULTS.badVersion);
  return known as OfpVersion;
}

function readMessage(b: Uint8Array, at: number, end: number): unknown {
  const codecs = codecsOf(versionOf(b, at));
  const type = b[at + 1]!;
  const body = at + HEADER;
  const xid = u32(b, at + 4);
  if (type === EXPERIMENTER && end - body >= 8 && codecs.experimenters.size > 0) {
    const read = codecs.experimenters.get(`${u32(b, body)}:${u32(b, body + 4)}`);
    if (read !== undefined) return read(b, body, end, xid);
  }
  const read = codecs.readers[type];
  if (read === undefined) fail(`type ${type}`, at + 1, 'header.type', FAULTS.badType);
  return read(b, body, end, xid);
}

/** Writes a message at the cursor. */
function writeMessage(value: unknown): void {
  const message = value as { type: string; version: OfpVersion; xid: number };
  const { version, xid } = message;
  if (!(version >= FIRST_VERSION && version <= LAST_VERSION)) bad('header.version', version);
  const entry = codecsOf(version).writers.get(message.type);
  if (entry === undefined) throw new OfpEncodeError('header.type', `no ${message.type} in wire version ${version}`);
  if (xid >>> 0 !== xid) bad('header.xid', xid);
  const at = cursor.at;
  cursor.at = at + HEADER;
  entry.write(message);
  const length = cursor.at - at;
  if (length > MAX_MESSAGE) throw new OfpEncodeError('header.length', `${length} bytes is more than a message holds`);
  out[at] = version;
  out[at + 1] = entry.code;
  put16(at + 2, length);
  put32(at + 4, xid);
}

linkMessageCodec(readMessage, writeMessage);

/**
 * Decodes one whole message.
 *
 * Payloads (`data`) are views into `bytes`; everything else is copied.
 * @throws OfpDecodeError if the bytes are not one well-formed message.
 */
export function decode(bytes: Uint8Array): OfpMessage {
  if (bytes.length < HEADER) fail('too short for a header', 0, 'header', FAULTS.requestLength);
  const length = u16(bytes, 2);
  if (length !== bytes.length) fail(`length ${length}`, 2, 'header.length', FAULTS.requestLength);
  return readMessage(bytes, 0, length) as OfpMessage;
}

/**
 * Encodes one message. The bytes may share their buffer with other messages.
 *
 * @throws OfpEncodeError if a value does not fit its field, or the message does not exist in its version.
 */
export function encode(message: OfpMessageInput): Uint8Array {
  cursor.at = 0;
  try {
    writeMessage(message);
  } catch (error) {
    if (error instanceof OfpEncodeError) throw error;
    // A value of another shape than the types allow, found where it was first used.
    throw new OfpEncodeError('message', error instanceof Error ? error.message : String(error));
  }
  return written();
}
