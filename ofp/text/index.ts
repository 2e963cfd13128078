/** The text of ovs-ofctl: flows, actions and messages as people read and write them. */
export {
  type ActionTextOptions,
  formatAction,
  formatActions,
  formatInstructions,
} from './actions-format.ts';
export { type ActionReadOptions, parseActions } from './actions-parse.ts';
export { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from './addresses.ts';
export { type FlowCommand, type FlowMod, type FlowReadOptions, formatFlow, parseFlow } from './flow.ts';
export { type FlowStatsEntry, type FlowStatsTextOptions, formatFlowStats } from './flow-stats.ts';
export { formatMatch, formatMatchWithPriority } from './match-format.ts';
export { parseMatch } from './match-parse.ts';
export { formatPort, type PortNames } from './names.ts';
