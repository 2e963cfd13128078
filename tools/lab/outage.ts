/** One echo of a flow (an ordered pair of hosts and a protocol). `sentAt` in ms. */
export interface EchoRecord {
  readonly sentAt: number;
  readonly answered: boolean;
}

export interface Outage {
  readonly lost: number;
  /** From when on every echo was answered; the moment of the failure if none was lost; undefined: the last one was lost. */
  readonly backAt: number | undefined;
}

/** `records` in the order of sending, all since `failedAt`. */
export function outageOf(records: readonly EchoRecord[], failedAt: number): Outage {
  const lost = records.filter(({ answered }) => !answered).length;
  if (lost === 0) return { lost, backAt: records.length > 0 ? failedAt : undefined };
  const lastLost = records.findLastIndex(({ answered }) => !answered);
  return { lost, backAt: records[lastLost + 1]?.sentAt };
}

export interface OutageSummary {
  readonly flows: number;
  readonly interrupted: number;
  readonly reachedMs: number | undefined;
}

export function summarizeOutages(outages: readonly Outage[], failedAt: number): OutageSummary {
  const ends = outages.map(({ backAt }) => backAt);
  const allBack = ends.every((end) => end !== undefined);
  return {
    flows: outages.length,
    interrupted: outages.filter(({ lost }) => lost > 0).length,
    reachedMs: allBack ? Math.max(0, ...ends.map((end) => end! - failedAt)) : undefined,
  };
}
