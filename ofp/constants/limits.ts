/** Reserved numbers (spec 1.3 7.2.1, 7.3.4.1, 7.3.4.2, 7.3.4.4). */

/** Port numbers. 1.0 has them at the end of 16 bits; the codec translates. */
export const PortNo = {
  MAX: 0xffffff00,
  /** 1.5 */
  UNSET: 0xfffffff7,
  IN_PORT: 0xfffffff8,
  TABLE: 0xfffffff9,
  NORMAL: 0xfffffffa,
  FLOOD: 0xfffffffb,
  ALL: 0xfffffffc,
  CONTROLLER: 0xfffffffd,
  LOCAL: 0xfffffffe,
  /** Called NONE in 1.0. */
  ANY: 0xffffffff,
} as const;

export const TableNo = { MAX: 0xfe, ALL: 0xff } as const;
export const GroupNo = { MAX: 0xffffff00, ALL: 0xfffffffc, ANY: 0xffffffff } as const;
/** Places in a group's list for insert and remove bucket (1.5). */
export const BucketNo = { MAX: 0xffffff00, FIRST: 0xfffffffd, LAST: 0xfffffffe, ALL: 0xffffffff } as const;
export const MeterNo = { MAX: 0xffff0000, SLOWPATH: 0xfffffffd, CONTROLLER: 0xfffffffe, ALL: 0xffffffff } as const;
export const QueueNo = { ALL: 0xffffffff } as const;

/** `bufferId` of a packet that is not buffered. */
export const NO_BUFFER = 0xffffffff;
/** `maxLen` of an output to the controller, and `missSendLen`. */
export const ControllerMaxLen = { MAX: 0xffe5, NO_BUFFER: 0xffff } as const;
/** Priority that rules have unless they say another. */
export const DEFAULT_PRIORITY = 0x8000;
/** Bit of `vlan_vid` that says that there is a tag. */
export const VLAN_PRESENT = 0x1000;

/** Experimenter ids. */
export const ExperimenterId = { ONF: 0x4f4e4600, NICIRA: 0x00002320, INTEL: 0x0000aa01 } as const;

/** Wire versions by name. */
export const Version = { OF10: 1, OF11: 2, OF12: 3, OF13: 4, OF14: 5, OF15: 6 } as const;
