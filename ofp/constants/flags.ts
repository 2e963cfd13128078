/** Bits of flag words. Spec 1.3 unless noted. */

/** `capabilities` of a features reply (7.3.1). */
export const Capabilities = {
  FLOW_STATS: 1 << 0,
  TABLE_STATS: 1 << 1,
  PORT_STATS: 1 << 2,
  /** 1.1 and later. */
  GROUP_STATS: 1 << 3,
  /** 1.0 only: 802.1d spanning tree. */
  STP: 1 << 3,
  IP_REASM: 1 << 5,
  QUEUE_STATS: 1 << 6,
  /** 1.0 and 1.1. */
  ARP_MATCH_IP: 1 << 7,
  PORT_BLOCKED: 1 << 8,
  /** 1.5 */
  BUNDLES: 1 << 9,
  /** 1.5 */
  FLOW_MONITORING: 1 << 10,
} as const;

/** How fragments are treated, the two low bits of the switch configuration's flags (7.3.2). */
export const ConfigFlags = {
  FRAG_NORMAL: 0,
  FRAG_DROP: 1,
  FRAG_REASM: 2,
  FRAG_MASK: 3,
  INVALID_TTL_TO_CONTROLLER: 4,
} as const;

/** Administrative settings of a port (7.2.1). */
export const PortConfig = {
  PORT_DOWN: 1 << 0,
  /** 1.0 */
  NO_STP: 1 << 1,
  NO_RECV: 1 << 2,
  /** 1.0 */
  NO_RECV_STP: 1 << 3,
  /** 1.0 */
  NO_FLOOD: 1 << 4,
  NO_FWD: 1 << 5,
  NO_PACKET_IN: 1 << 6,
} as const;

/** State of a port (7.2.1). */
export const PortState = { LINK_DOWN: 1 << 0, BLOCKED: 1 << 1, LIVE: 1 << 2 } as const;

/** Spanning tree state of a port of 1.0, beside `PortState.LINK_DOWN`. */
export const PortState10 = {
  STP_LISTEN: 0,
  STP_LEARN: 1 << 8,
  STP_FORWARD: 2 << 8,
  STP_BLOCK: 3 << 8,
  STP_MASK: 3 << 8,
} as const;

/** What a port can do (7.2.1). Speeds are in bits per second; HD and FD: half and full duplex. */
export const PortFeatures = {
  '10MB_HD': 1 << 0,
  '10MB_FD': 1 << 1,
  '100MB_HD': 1 << 2,
  '100MB_FD': 1 << 3,
  '1GB_HD': 1 << 4,
  '1GB_FD': 1 << 5,
  '10GB_FD': 1 << 6,
  '40GB_FD': 1 << 7,
  '100GB_FD': 1 << 8,
  '1TB_FD': 1 << 9,
  OTHER: 1 << 10,
  COPPER: 1 << 11,
  FIBER: 1 << 12,
  AUTONEG: 1 << 13,
  PAUSE: 1 << 14,
  PAUSE_ASYM: 1 << 15,
} as const;

/** Port features of 1.0 that have other bits than later; the seven speeds up to `10GB_FD` are the same. */
export const PortFeatures10 = {
  COPPER: 1 << 7,
  FIBER: 1 << 8,
  AUTONEG: 1 << 9,
  PAUSE: 1 << 10,
  PAUSE_ASYM: 1 << 11,
} as const;

/** 7.3.4.1 */
export const FlowModFlags = {
  SEND_FLOW_REM: 1 << 0,
  CHECK_OVERLAP: 1 << 1,
  /** 1.2 and later. */
  RESET_COUNTS: 1 << 2,
  /** 1.0 only. */
  EMERG: 1 << 2,
  NO_PKT_COUNTS: 1 << 3,
  NO_BYT_COUNTS: 1 << 4,
} as const;

/** 7.3.4.4 */
export const MeterFlags = { KBPS: 1 << 0, PKTPS: 1 << 1, BURST: 1 << 2, STATS: 1 << 3 } as const;

/** 7.3.5.11 */
export const GroupCapabilities = {
  SELECT_WEIGHT: 1 << 0,
  SELECT_LIVENESS: 1 << 1,
  CHAINING: 1 << 2,
  CHAINING_CHECKS: 1 << 3,
} as const;

/** Table configuration (1.3 7.3.3, 1.4 7.3.3). The low two bits were the miss policy of 1.1 and 1.2. */
export const TableConfig = { DEPRECATED_MASK: 3, EVICTION: 1 << 2, VACANCY_EVENTS: 1 << 3 } as const;

/** What to do with a packet that no rule matches, in 1.1 and 1.2. */
export const TableMissConfig = { CONTROLLER: 0, CONTINUE: 1, DROP: 2, MASK: 3 } as const;

/** 1.4 7.3.4.1 */
export const EvictionFlags = { OTHER: 1 << 0, IMPORTANCE: 1 << 1, LIFETIME: 1 << 2 } as const;

/** 1.5 7.3.5.18.1 */
export const TableFeatureFlags = { INGRESS_TABLE: 1 << 0, EGRESS_TABLE: 1 << 1, FIRST_EGRESS: 1 << 4 } as const;

/** Flags of multipart requests and replies (7.3.5). */
export const MultipartRequestFlags = { MORE: 1 << 0 } as const;
export const MultipartReplyFlags = { MORE: 1 << 0 } as const;

/** 1.4 7.3.5.18.1 */
export const FlowMonitorFlags = {
  INITIAL: 1 << 0,
  ADD: 1 << 1,
  REMOVED: 1 << 2,
  MODIFY: 1 << 3,
  INSTRUCTIONS: 1 << 4,
  NO_ABBREV: 1 << 5,
  ONLY_OWN: 1 << 6,
} as const;

/** 1.4 7.3.9.4, `TIME` 1.5 */
export const BundleFlags = { ATOMIC: 1 << 0, ORDERED: 1 << 1, TIME: 1 << 2 } as const;

/** 1.5 7.3.5.20 */
export const BundleFeatureFlags = { TIMESTAMP: 1 << 0, TIME_SET_SCHED: 1 << 1 } as const;

/** 1.5 7.2.5 */
export const StatTriggerFlags = { PERIODIC: 1 << 0, ONLY_FIRST: 1 << 1 } as const;

/** 1.5 7.3.5.16 */
export const MeterFeatureFlags = { ACTION_SET: 1 << 0, ANY_POSITION: 1 << 1, MULTI_LIST: 1 << 2 } as const;

/** IPv6 extension headers seen, in `ipv6_exthdr` (1.3 7.2.3.8). */
export const Ipv6ExtHeader = {
  NONEXT: 1 << 0,
  ESP: 1 << 1,
  AUTH: 1 << 2,
  DEST: 1 << 3,
  FRAG: 1 << 4,
  ROUTER: 1 << 5,
  HOP: 1 << 6,
  UNREP: 1 << 7,
  UNSEQ: 1 << 8,
} as const;
