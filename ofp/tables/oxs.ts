/**
 * OpenFlow extensible statistics of 1.5 (spec 1.5 7.2.4).
 *
 * ```
 *  0                   1                   2                   3
 * +-------------------------------+-------------+-+---------------+
 * | class 0x8002                  | field       |0| length        |
 * +-------------------------------+-------------+-+---------------+
 * | value ...                                                     |
 * ```
 */
export interface OxsInfo {
  readonly code: number;
  readonly kind: 'u32' | 'u64' | 'time';
  readonly spec: string;
}

export const OXS_FIELDS = {
  /** Time that the flow has been in place. */
  duration: { code: 0, kind: 'time', spec: '1.5 7.2.4.4' },
  idle_time: { code: 1, kind: 'time', spec: '1.5 7.2.4.4' },
  flow_count: { code: 3, kind: 'u32', spec: '1.5 7.2.4.4' },
  packet_count: { code: 4, kind: 'u64', spec: '1.5 7.2.4.4' },
  byte_count: { code: 5, kind: 'u64', spec: '1.5 7.2.4.4' },
} as const satisfies { readonly [name: string]: OxsInfo };

interface OxsValueOf {
  u32: number;
  u64: bigint;
  /** Seconds and nanoseconds. */
  time: [number, number];
}

export type OxsName = keyof typeof OXS_FIELDS;

export type OxsField =
  | { [K in OxsName]: { field: K; value: OxsValueOf[(typeof OXS_FIELDS)[K]['kind']] } }[OxsName]
  | { field: 'unknown'; oxsClass: number; oxsField: number; reserved: number; data: Uint8Array };
