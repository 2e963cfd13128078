/** Enumerations: commands, reasons and types. Spec 1.3 unless noted. */

/** 7.3.4.1 */
export const FlowModCommand = { ADD: 0, MODIFY: 1, MODIFY_STRICT: 2, DELETE: 3, DELETE_STRICT: 4 } as const;

/** 7.3.4.2. `ADD_OR_MOD` is Open vSwitch's; the bucket commands are of 1.5. */
export const GroupModCommand = {
  ADD: 0,
  MODIFY: 1,
  DELETE: 2,
  INSERT_BUCKET: 3,
  REMOVE_BUCKET: 5,
  ADD_OR_MOD: 0x8000,
} as const;

/** 7.3.4.2 */
export const GroupType = { ALL: 0, SELECT: 1, INDIRECT: 2, FF: 3 } as const;

/** 7.3.4.4 */
export const MeterModCommand = { ADD: 0, MODIFY: 1, DELETE: 2 } as const;

/** Numbers of the meter bands, e.g. for `bandTypes` (7.3.4.4). */
export const MeterBandType = { DROP: 1, DSCP_REMARK: 2, EXPERIMENTER: 0xffff } as const;

/** 7.4.1; 1.4 calls the first two table miss and apply action, and has three more. */
export const PacketInReason = {
  NO_MATCH: 0,
  ACTION: 1,
  INVALID_TTL: 2,
  ACTION_SET: 3,
  GROUP: 4,
  PACKET_OUT: 5,
} as const;

/** 7.4.2; the last two are of 1.4. */
export const FlowRemovedReason = {
  IDLE_TIMEOUT: 0,
  HARD_TIMEOUT: 1,
  DELETE: 2,
  GROUP_DELETE: 3,
  METER_DELETE: 4,
  EVICTION: 5,
} as const;

/** 7.4.3 */
export const PortReason = { ADD: 0, DELETE: 1, MODIFY: 2 } as const;

/** 7.3.9 */
export const ControllerRole = { NOCHANGE: 0, EQUAL: 1, MASTER: 2, SLAVE: 3 } as const;

/** Why a role changed (1.4 7.4.4). */
export const ControllerRoleReason = { MASTER_REQUEST: 0, CONFIG: 1, EXPERIMENTER: 2 } as const;

/** 1.4 7.4.5 */
export const TableReason = { VACANCY_DOWN: 3, VACANCY_UP: 4 } as const;

/** 1.4 7.3.9.2 */
export const BundleControlType = {
  OPEN_REQUEST: 0,
  OPEN_REPLY: 1,
  CLOSE_REQUEST: 2,
  CLOSE_REPLY: 3,
  COMMIT_REQUEST: 4,
  COMMIT_REPLY: 5,
  DISCARD_REQUEST: 6,
  DISCARD_REPLY: 7,
} as const;

/** 1.4 7.3.5.18.1 */
export const FlowMonitorCommand = { ADD: 0, MODIFY: 1, DELETE: 2 } as const;

/** 1.5 7.3.5.3 */
export const FlowStatsReason = { STATS_REQUEST: 0, STAT_TRIGGER: 1 } as const;

/** 1.5 7.3.5.18.1 */
export const TableFeaturesCommand = { REPLACE: 0, MODIFY: 1, ENABLE: 2, DISABLE: 3 } as const;

/** 1.5 7.3.5.19 */
export const ControllerStatusReason = {
  REQUEST: 0,
  CHANNEL_STATUS: 1,
  ROLE: 2,
  CONTROLLER_ADDED: 3,
  CONTROLLER_REMOVED: 4,
  SHORT_ID: 5,
  EXPERIMENTER: 6,
} as const;

/** 1.5 7.3.5.19 */
export const ControlChannelStatus = { UP: 0, DOWN: 1 } as const;

/** Name spaces of a packet type, its upper 16 bits (1.5 7.2.3.11). */
export const PacketTypeNamespace = { ONF: 0, ETHERTYPE: 1, IP_PROTO: 2, UDP_TCP_PORT: 3, IPV4_OPTION: 4 } as const;
