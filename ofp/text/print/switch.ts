import type { Message } from '../../messages.ts';
import { formatBits } from '../names.ts';
import { hexDump } from './hex-dump.ts';
import { capabilityNames, errorName, FRAGMENT_HANDLING } from './names.ts';
import { formatPorts } from './ports.ts';
import type { PrintContext, Writers } from './writer.ts';

/** Actions of 1.0, with their bits. */
const ACTIONS_10: readonly (readonly [number, string])[] = [
  'output',
  'enqueue',
  'set_vlan_vid',
  'set_vlan_pcp',
  'strip_vlan',
  'mod_dl_src',
  'mod_dl_dst',
  'mod_nw_src',
  'mod_nw_dst',
  'mod_nw_tos',
  'mod_tp_src',
  'mod_tp_dst',
].map((name, i) => [i === 0 ? 0 : i === 1 ? 11 : i - 1, name] as const);
const HELLO_FAILED = 0;
const FRAGMENT_BITS = 3;
const INVALID_TTL = 4;

export const SWITCH_WRITERS: Writers = {
  hello: (message) =>
    `\n version bitmap: ${versionsOf(message)
      .map((v) => `0x${v.toString(16).padStart(2, '0')}`)
      .join(', ')}`,
  error: ({ errorType, code, data }, { version, refused }) =>
    ` ${errorName(errorType, code, version)}\n${errorType === HELLO_FAILED ? printable(data) : refused(data)}`,
  echoRequest: ({ data }) => ` ${data.length} bytes of payload\n${hexDump(data)}`,
  echoReply: ({ data }) => ` ${data.length} bytes of payload\n${hexDump(data)}`,
  experimenter: ({ experimenter, expType, data }) =>
    ` experimenter=0x${experimenter.toString(16)} type=${expType}\n${hexDump(data)}`,
  featuresReply: formatFeatures,
  getConfigReply: formatConfig,
  setConfig: formatConfig,
};

/** The versions of a hello: those in its bitmap, or all up to that of its header. */
function versionsOf({ version, elements }: Message<'hello'>): number[] {
  const bitmap = elements.findLast((element) => element.type === 'versionBitmap')?.bitmaps[0] ?? 0;
  const isOffered = (v: number) => (bitmap > 1 ? (bitmap >>> v) & 1 : v <= version);
  return Array.from({ length: 31 }, (_, i) => i + 1).filter(isOffered);
}

function formatFeatures(features: Message<'featuresReply'>, context: PrintContext): string {
  const { datapathId, nTables, nBuffers, auxiliaryId, capabilities, actions, ports } = features;
  const lines = [
    ` dpid:${datapathId.toString(16).padStart(16, '0')}`,
    `n_tables:${nTables}, n_buffers:${nBuffers}${auxiliaryId === 0 ? '' : `, auxiliary_id:${auxiliaryId}`}`,
    `capabilities: ${formatBits(capabilities, capabilityNames(context.version), ' ')}`,
  ];
  if (actions)
    lines.push(
      `actions: ${ACTIONS_10.filter(([bit]) => (actions >>> bit) & 1)
        .map(([, name]) => name)
        .join(' ')}`,
    );
  return `${lines.join('\n')}\n${ports ? formatPorts(ports, context) : ''}`;
}

function formatConfig(
  { flags, missSendLen }: { flags: number; missSendLen: number },
  { version }: PrintContext,
): string {
  const hasTtl = version < 4 && (flags & INVALID_TTL) !== 0;
  const ttl = hasTtl ? ' invalid_ttl_to_controller' : '';
  return ` frags=${FRAGMENT_HANDLING[flags & FRAGMENT_BITS]}${ttl} miss_send_len=${missSendLen}\n`;
}

/** ASCII as it is, other characters in octal as in C. */
function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    return /[ -~]/.test(char) && !/["\\]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}
