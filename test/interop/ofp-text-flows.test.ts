import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decode,
  encode,
  formatFlow,
  formatMessage,
  type OfpMessage,
  type OfpVersion,
  parseFlow,
} from '../../ofp/index.ts';
import { flowText } from './support/ofp-text-flows.ts';
import { flowModsOfOvs, printedByOvs } from './support/ofp-text-ovs.ts';

/** Flows for each version in a run. */
const CASES = 1000;
const seed = Number(process.env.OFP_SEED ?? Date.now() & 0xffffff);

/**
 * Match fields may stand in any order in which prerequisites come first; transaction ids differ. That packets are those of
 * Ethernet is said by Open vSwitch when a field of Ethernet is named and nothing of it matched.
 */
function normal(message: OfpMessage): OfpMessage {
  if (message.type !== 'flowMod') return message;
  const match = message.match
    .filter(({ field }) => field !== 'packet_type')
    .sort((a, b) => (a.field < b.field ? -1 : 1));
  return { ...message, xid: 0, match };
}

describe.each<OfpVersion>([1, 3, 4, 5, 6])('flows of wire version %i', (version) => {
  const flows = fc.sample(flowText(version), { seed, numRuns: CASES });

  test(`read as ovs-ofctl reads them (seed ${seed})`, () => {
    const theirs = flowModsOfOvs(flows, version).map((bytes) => decode(bytes));
    expect(theirs).toHaveLength(flows.length);
    flows.forEach((flow, i) => {
      const ours = decode(encode(parseFlow(flow, { version })));
      expect(normal(ours), flow).toEqual(normal(theirs[i]!));
    });
  });

  test(`print as ovs-ofctl prints them (seed ${seed})`, () => {
    const messages = flows.map((flow) => encode(parseFlow(flow, { version })));
    const printed = printedByOvs(messages);
    messages.forEach((bytes, i) => {
      expect(formatMessage(decode(bytes)), flows[i]).toBe(printed[i]);
    });
  });

  test(`are read back from what they are written as (seed ${seed})`, () => {
    for (const flow of flows) {
      const message = parseFlow(flow, { version });
      expect(normal(parseFlow(formatFlow(message), { version })), flow).toEqual(normal(message));
    }
  });
});
