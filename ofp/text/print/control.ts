import type { Message } from '../../messages.ts';
import type { AsyncProperty, FlowUpdate } from '../../tables/values.ts';
import { formatInstructions } from '../actions-format.ts';
import { formatMatch } from '../match-format.ts';
import { ANY, formatBits, formatPort } from '../names.ts';
import {
  BUNDLE_FLAGS,
  BUNDLE_TYPES,
  FLOW_REMOVED_REASONS,
  FORWARD_REASONS,
  MONITOR_COMMANDS,
  MONITOR_FLAGS,
  MONITOR_FLAGS_NX,
  nameOr,
  PACKET_IN_REASONS,
  PORT_REASONS,
  ROLE_REASONS,
  ROLES,
  TABLE_REASONS,
} from './names.ts';
import { type PrintContext, type ReplyWriters, type RequestWriters, textOptions, type Writers } from './writer.ts';

const NO_GENERATION = 0xffff_ffff_ffff_ffffn;
const ALL_TABLES = 0xff;
const DELETE_MONITOR = 2;

export const CONTROL_WRITERS: Writers = {
  roleRequest: ({ role, generationId }) => formatRole(role, role === 0 ? NO_GENERATION : generationId),
  roleReply: ({ role, generationId }) => formatRole(role, generationId),
  roleStatus: ({ role, generationId, reason }) =>
    `${formatRole(role, generationId)} reason=${ROLE_REASONS[reason] ?? '(unknown)'}`,
  getAsyncReply: formatAsync,
  setAsync: formatAsync,
  requestForward: ({ request }, { nested }) => {
    const text = nested(request);
    const isGroup = request.type === 'groupMod';
    return ` reason=${isGroup ? 'group_mod' : 'meter_mod'}${text.slice(text.indexOf(':') + 1)}`;
  },
  bundleControl: ({ bundleId, ctrlType, flags }) =>
    `\n bundle_id=${hexOr0(bundleId)} type=${BUNDLE_TYPES[ctrlType] ?? ''} flags=${formatBits(flags, BUNDLE_FLAGS, ' ')}`,
  bundleAddMessage: ({ bundleId, flags, message }, { nested }) =>
    `\n bundle_id=${hexOr0(bundleId)} flags=${formatBits(flags, BUNDLE_FLAGS, ' ')}\n${nested(message)}\n`,
  controllerStatus: ({ status }) =>
    ` short_id=${status.shortId} role=${nameOr(ROLES, status.role)} reason=${status.reason} channel_status=${status.channelStatus}`,
};

export const CONTROL_REQUEST_WRITERS: RequestWriters = {
  flowMonitor: ({ body }, context) =>
    body
      .map(({ monitorId, command, flags, outPort, outGroup, tableId, match }) => {
        if (command === DELETE_MONITOR) return `\n id=${monitorId} command=${MONITOR_COMMANDS[command]}`;
        return [
          `\n id=${monitorId} flags=${formatBits(flags, context.version < 5 ? MONITOR_FLAGS_NX : MONITOR_FLAGS, ',')}`,
          ...(outPort === ANY ? [] : [`out_port=${formatPort(outPort, context.ports)}`]),
          ...(outGroup === undefined || outGroup === ANY || outGroup === 0 ? [] : [`out_group=${outGroup | 0}`]),
          ...(tableId === ALL_TABLES ? [] : [`table=${tableId}`]),
          formatMatch(match, textOptions(context)),
        ]
          .join(' ')
          .replace(/ $/, '');
      })
      .join(''),
};

export const CONTROL_REPLY_WRITERS: ReplyWriters = {
  flowMonitor: ({ body }, context) => body.map((update) => `\n event=${formatUpdate(update, context)}`).join(''),
};

const hexOr0 = (value: number) => (value === 0 ? '0' : `0x${value.toString(16)}`);

export function formatRole(role: number, generationId: bigint): string {
  const generation = generationId === NO_GENERATION ? '' : ` generation_id=${generationId}`;
  return ` role=${nameOr(ROLES, role)}${generation}`;
}

const ASYNC_MESSAGES = [
  { name: 'PACKET_IN', property: 'packetIn', reasons: PACKET_IN_REASONS },
  { name: 'PORT_STATUS', property: 'portStatus', reasons: PORT_REASONS },
  { name: 'FLOW_REMOVED', property: 'flowRemoved', reasons: FLOW_REMOVED_REASONS },
  { name: 'ROLE_STATUS', property: 'roleStatus', reasons: ROLE_REASONS },
  { name: 'TABLE_STATUS', property: 'tableStatus', reasons: TABLE_REASONS },
  { name: 'REQUESTFORWARD', property: 'requestForward', reasons: FORWARD_REASONS },
] as const;

type AsyncConfig = Pick<Message<'setAsync'>, 'packetInMask' | 'portStatusMask' | 'flowRemovedMask' | 'properties'>;

/** What each role is told: a block for the master and equal roles, one for slaves. */
export function formatAsync(config: AsyncConfig): string {
  return (['Master', 'Slave'] as const)
    .map((role, column) => {
      const lines = ASYNC_MESSAGES.map(({ name, property, reasons }) => {
        const mask = asyncMask(config, property, role, column);
        const told = Array.from({ length: 32 }, (_, bit) => bit)
          .filter((bit) => (mask >>> bit) & 1)
          .map((bit) => ` ${nameOr(reasons, bit)}`);
        return `${name.padStart(16)}:${mask === 0 ? ' (off)' : told.join('')}\n`;
      });
      return `\n ${role === 'Master' ? 'primary' : 'secondary'}:\n${lines.join('')}`;
    })
    .join('');
}

type AsyncName = (typeof ASYNC_MESSAGES)[number]['property'];

/** In 1.3 the masks are members, later properties. */
function asyncMask(config: AsyncConfig, name: AsyncName, role: 'Master' | 'Slave', column: number): number {
  const property = config.properties?.findLast((each: AsyncProperty) => each.type === `${name}${role}`);
  if (property && 'mask' in property) return property.mask;
  if (name === 'packetIn') return config.packetInMask[column]!;
  if (name === 'portStatus') return config.portStatusMask[column]!;
  return name === 'flowRemoved' ? config.flowRemovedMask[column]! : 0;
}

const UPDATE_NAMES: { readonly [T in FlowUpdate['type']]: string } = {
  initial: 'INITIAL',
  added: 'ADDED',
  removed: 'DELETED',
  modified: 'MODIFIED',
  abbrev: 'ABBREV',
  paused: 'PAUSED',
  resumed: 'RESUMED',
  unknown: 'UNKNOWN',
};

function formatUpdate(update: FlowUpdate, context: PrintContext): string {
  const name = UPDATE_NAMES[update.type];
  if (update.type === 'abbrev') return `${name} xid=0x${update.xid.toString(16)}`;
  if (!('match' in update)) return name;
  const { tableId, reason, idleTimeout, hardTimeout, cookie, match, instructions } = update;
  const matched = formatMatch(match, textOptions(context));
  const parts = [
    name,
    ...(update.type === 'removed' ? [`reason=${nameOr(FLOW_REMOVED_REASONS, reason)}`] : []),
    `table=${tableId}`,
    ...(idleTimeout === 0 ? [] : [`idle_timeout=${idleTimeout}`]),
    ...(hardTimeout === 0 ? [] : [`hard_timeout=${hardTimeout}`]),
    `cookie=${cookie === 0n ? '0' : `0x${cookie.toString(16)}`}`,
    ...(matched === '' ? [] : [matched]),
  ];
  const actions = formatInstructions(instructions, textOptions(context));
  if (actions !== 'drop') parts.push(`actions=${actions}`);
  else if (matched === '') return `${parts.join(' ')} `;
  return parts.join(' ');
}
