import { decode } from '../../codec/message.ts';
import { OfpDecodeError } from '../../errors.ts';
import type { MultipartReply, MultipartRequest, OfpMessage } from '../../messages.ts';
import type { PortNames } from '../names.ts';
import { CONTROL_REPLY_WRITERS, CONTROL_REQUEST_WRITERS, CONTROL_WRITERS } from './control.ts';
import { FLOW_REPLY_WRITERS, FLOW_REQUEST_WRITERS, FLOW_WRITERS } from './flows.ts';
import { GROUP_REPLY_WRITERS, GROUP_REQUEST_WRITERS, GROUP_WRITERS } from './groups.ts';
import { hexDump } from './hex-dump.ts';
import { errorName, messageName, partName } from './names.ts';
import { NICIRA_REPLY_WRITERS, NICIRA_REQUEST_WRITERS, NICIRA_WRITERS } from './nicira.ts';
import { PORT_REPLY_WRITERS, PORT_REQUEST_WRITERS, PORT_WRITERS } from './ports.ts';
import { SWITCH_WRITERS } from './switch.ts';
import { TABLE_REPLY_WRITERS, TABLE_REQUEST_WRITERS, TABLE_WRITERS } from './tables.ts';
import type { PrintContext, ReplyWriters, RequestWriters, Writers } from './writer.ts';

const WRITERS: Writers = {
  ...SWITCH_WRITERS,
  ...FLOW_WRITERS,
  ...PORT_WRITERS,
  ...GROUP_WRITERS,
  ...CONTROL_WRITERS,
  ...TABLE_WRITERS,
  ...NICIRA_WRITERS,
};
const REQUEST_WRITERS: RequestWriters = {
  ...FLOW_REQUEST_WRITERS,
  ...PORT_REQUEST_WRITERS,
  ...GROUP_REQUEST_WRITERS,
  ...CONTROL_REQUEST_WRITERS,
  ...TABLE_REQUEST_WRITERS,
  ...NICIRA_REQUEST_WRITERS,
};
const REPLY_WRITERS: ReplyWriters = {
  ...FLOW_REPLY_WRITERS,
  ...PORT_REPLY_WRITERS,
  ...GROUP_REPLY_WRITERS,
  ...CONTROL_REPLY_WRITERS,
  ...TABLE_REPLY_WRITERS,
  ...NICIRA_REPLY_WRITERS,
  desc: ({ body }) =>
    `\nManufacturer: ${body.mfrDesc}\nHardware: ${body.hwDesc}\nSoftware: ${body.swDesc}\nSerial Num: ${body.serialNum}\nDP Description: ${body.dpDesc}\n`,
};

type AnyWriter<M> = ((message: M, context: PrintContext) => string) | undefined;
const MORE = 1;

/**
 * A message as `ovs-ofctl ofp-print` prints it: a line, or several for one that holds a list. The contents of packets
 * are not looked into. A message that Open vSwitch does not know is printed with its fields by name.
 */
export function formatMessage(message: OfpMessage, ports?: PortNames): string {
  return `${headOf(message)}${formatBody(message, contextOf(message, ports))}`.replace(/ $/, '').replace(/\n$/, '');
}

function headOf(message: OfpMessage): string {
  const version = message.version === 1 ? '' : ` (OF1.${message.version - 1})`;
  return `${messageName(message)}${version} (xid=0x${message.xid.toString(16)}):`;
}

function contextOf(message: OfpMessage, ports: PortNames | undefined): PrintContext {
  return {
    version: message.version,
    ports,
    nested: (inner) => formatMessage(inner, ports),
    refused: (data) => formatRefused(data, ports),
  };
}

function formatBody(message: OfpMessage, context: PrintContext): string {
  if (message.type === 'multipartRequest' || message.type === 'multipartReply')
    return formatMultipart(message, context);
  const writer = WRITERS[message.type] as AnyWriter<OfpMessage>;
  return writer ? writer(message, context) : formatFields(message);
}

function formatMultipart(message: MultipartRequest | MultipartReply, context: PrintContext): string {
  const isRequest = message.type === 'multipartRequest';
  const writers: { readonly [name: string]: unknown } = isRequest ? REQUEST_WRITERS : REPLY_WRITERS;
  const writer = writers[message.multipart] as AnyWriter<OfpMessage>;
  return formatFlags(message) + (writer ? writer(message, context) : formatFields(message));
}

/** Requests had no flags before 1.3. */
function formatFlags({ type, version, flags }: MultipartRequest | MultipartReply): string {
  if (flags === 0) return '';
  const more = (type === 'multipartReply' || version >= 4) && (flags & MORE) !== 0;
  const rest = more ? flags & ~MORE : flags;
  const unknown = rest === 0 ? '' : `[***unknown flags 0x${rest.toString(16).padStart(4, '0')}***]`;
  return ` flags=${more ? '[more]' : ''}${unknown}`;
}

const HEADER: ReadonlySet<string> = new Set(['type', 'version', 'xid', 'multipart', 'flags']);

/** A message that has no text of its own: its fields by name. */
function formatFields(message: OfpMessage): string {
  const fields = Object.entries(message).filter(([name]) => !HEADER.has(name));
  return fields.map(([name, value]) => ` ${name}=${plain(value)}`).join('');
}

function plain(value: unknown): string {
  if (value instanceof Uint8Array)
    return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') || '""';
  if (Array.isArray(value)) return `[${value.map(plain).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([name, each]) => `${name}=${plain(each)}`)
    .join(',')}}`;
}

const HEADER_LENGTH = 8;

/** The name and transaction id of a message that is cut short, if its header is that of one. */
function headOfPart(data: Uint8Array): string {
  const version = data[0]!;
  const name = partName(data);
  if (name === undefined) return '';
  const xid = new DataView(data.buffer, data.byteOffset).getUint32(4);
  return `${name}${version === 1 ? '' : ` (OF1.${version - 1})`} (xid=0x${xid.toString(16)}):\n`;
}

/** What an error message brings of the message that it refuses: all of it, or the beginning. */
function formatRefused(data: Uint8Array, ports: PortNames | undefined): string {
  if (data.length === 0) return 'OpenFlow message is empty\n';
  if (data.length < HEADER_LENGTH) return `OpenFlow packet too short (only ${data.length} bytes):\n${hexDump(data)}`;
  const length = (data[2]! << 8) | data[3]!;
  if (length > data.length) {
    return `${headOfPart(data)}(***truncated to ${data.length} bytes from ${length}***)\n${hexDump(data)}`;
  }
  if (length < data.length) return `(***only uses ${length} bytes out of ${data.length}***)\n${hexDump(data)}`;
  try {
    return `${formatMessage(decode(data), ports)}\n`;
  } catch (error) {
    if (!(error instanceof OfpDecodeError)) throw error;
    return `***decode error: ${errorName(error.errorType, error.errorCode)}***\n${hexDump(data)}`;
  }
}
