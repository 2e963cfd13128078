/** The text of ovs-ofctl: flows, actions and messages as people read and write them. */
export {
  formatAction,
  formatActions,
  formatInstructions,
} from './actions-format.ts';
export { parseActions } from './actions-parse.ts';
export { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from './addresses.ts';
export { type FlowCommand, type FlowMod, type FlowReadOptions, formatFlow, parseFlow } from './flow.ts';
export { type FlowStatsEntry, type FlowStatsTextOptions, formatFlowStats } from './flow-stats.ts';
export {
  formatGroup,
  type GroupCommand,
  type GroupMod,
  type GroupReadOptions,
  parseGroup,
} from './group.ts';
export { formatMatch, formatMatchWithPriority } from './match-format.ts';
export { parseMatch } from './match-parse.ts';
export { formatMeter, type MeterMod, type MeterReadOptions, parseMeter } from './meter.ts';
export { formatPort, type PortNames, type TextOptions } from './names.ts';
export { formatMessage } from './print/message.ts';
