import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BadActionCode,
  BadRequestCode,
  decode,
  ERROR_TYPES,
  ErrorType,
  encode,
  FlowModFailedCode10,
  formatActions,
  formatMessage,
  HelloFailedCode,
  OfpDecodeError,
  OfpEncodeError,
  type OfpMessage,
  type OfpVersion,
  OXM_FIELDS,
  type OxmName,
  PortModFailedCode,
  parseActions,
  QueueOpFailedCode,
  type StandardOxmName,
  type TableFeatureProperty,
} from '../../ofp/index.ts';
import { allMessages } from '../property/ofp-codec-arbitraries.ts';
import { printable } from './support/ofp-text-messages.ts';
import { printedByOvs } from './support/ofp-text-ovs.ts';
import { openVswitchVectors } from './support/ofp-vectors.ts';

/** Messages of each type for each version in a run. */
const CASES = 30;
const seed = Number(process.env.OFP_SEED ?? Date.now() & 0xffffff);

/** Printed in words of our own, and why. */
const OWN_WORDS: { readonly [what: string]: string } = {
  'multipartReply.table': 'what the tables of 1.0 to 1.2 match on is left out',
  nxPacketIn2: 'only the codec knows it',
  nxResume: 'only the codec knows it',
  nxTlvTableMod: 'only the codec knows it',
  nxTlvTableReply: 'only the codec knows it',
  experimenter: 'of an experimenter that the codec does not know',
  'multipartRequest.experimenter': 'of an experimenter that the codec does not know',
  'multipartReply.experimenter': 'of an experimenter that the codec does not know',
};

const REFUSED = /\*\*\*decode error|packet too short|\*\*\*truncated|\*\*\*only uses/;
/** What is in a packet is not looked into. */
const WITH_PACKET: ReadonlySet<string> = new Set(['packetIn', 'packetOut', 'nxPacketIn']);

const comparable = (text: string, message: OfpMessage) => (WITH_PACKET.has(message.type) ? text.split('\n')[0]! : text);
const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

function sample(what: string, version: OfpVersion): Uint8Array[] {
  return fc.sample(printable(what, version), { seed, numRuns: CASES }).flatMap((message) => {
    try {
      return [encode(message)];
    } catch (error) {
      if (error instanceof OfpEncodeError) return [];
      throw error;
    }
  });
}

describe.each<OfpVersion>([1, 2, 3, 4, 5, 6])('messages of wire version %i', (version) => {
  const cases = allMessages(version)
    .filter((what) => !(what in OWN_WORDS))
    .flatMap((what) => sample(what, version).map((bytes) => ({ what, bytes })));

  test(`print as ovs-ofctl prints them (seed ${seed})`, () => {
    const printed = printedByOvs(cases.map(({ bytes }) => bytes));
    let compared = 0;
    cases.forEach(({ what, bytes }, i) => {
      const theirs = printed[i]!;
      if (/\*\*\*decode error/.test(theirs)) return;
      const message = decode(bytes);
      expect(comparable(latin1(formatMessage(message)), message), what).toBe(comparable(theirs, message));
      compared++;
    });
    expect(compared).toBeGreaterThan(cases.length / 4);
  });
});

describe.each<OfpVersion>([1, 2, 3, 4, 5, 6])('errors of wire version %i', (version) => {
  /** The last types of 1.0 have numbers of their own. */
  const types: readonly (readonly [number, { readonly [code: string]: number }])[] =
    version === 1
      ? [
          [ErrorType.HELLO_FAILED, HelloFailedCode],
          [ErrorType.BAD_REQUEST, BadRequestCode],
          [ErrorType.BAD_ACTION, BadActionCode],
          [3, FlowModFailedCode10],
          [4, PortModFailedCode],
          [5, QueueOpFailedCode],
        ]
      : Object.values(ERROR_TYPES).map(({ type, codes }) => [type, codes] as const);

  test('have the names that Open vSwitch gives them', () => {
    const data = encode({ type: 'hello', version, xid: 0 });
    const errors = types.flatMap(([errorType, codes]) =>
      Object.values(codes).map((code) => encode({ type: 'error', version, xid: 1, errorType, code, data })),
    );
    const printed = printedByOvs(errors);
    let compared = 0;
    errors.forEach((bytes, i) => {
      if (REFUSED.test(printed[i]!)) return;
      expect(formatMessage(decode(bytes)).split('\n')[0]).toBe(printed[i]!.split('\n')[0]);
      compared++;
    });
    expect(compared).toBeGreaterThan(25);
  });
});

/** The properties that Open vSwitch wants to see, and the three that may differ for a table-miss entry. */
const tableFeatures = (version: OfpVersion): fc.Arbitrary<OfpMessage> => {
  const fields = (Object.keys(OXM_FIELDS) as StandardOxmName[]).filter(
    (name) => OXM_FIELDS[name].since <= version && !/^(in_phy_port|ipv6_exthdr|pbb_\w+)$/.test(name),
  );
  const settable = fields.filter(
    (name) => !/^(eth_type|ip_proto|mpls_bos|tcp_flags|actset_output|packet_type|in_port)$/.test(name),
  );
  const ids = (names: readonly StandardOxmName[], hasMask: fc.Arbitrary<boolean>) =>
    fc
      .subarray([...names])
      .chain((some) => fc.tuple(...some.map((field) => fc.record({ field: fc.constant(field), hasMask }))));
  const types = <T extends string>(...names: T[]) => fc.subarray(names).map((some) => some.map((type) => ({ type })));
  const actions = types(
    'output',
    'group',
    'setField',
    'popVlan',
    'pushVlan',
    'setNwTtl',
    'decNwTtl',
    'setQueue',
    'popMpls',
  );
  const instructions = types('meter', 'applyActions', 'clearActions', 'writeActions', 'writeMetadata', 'gotoTable');
  const property = (type: string, member: string, value: fc.Arbitrary<unknown>) =>
    value.map((each) => ({ type, [member]: each }) as unknown as TableFeatureProperty);
  const never = fc.constant(false);
  const tables = (id: number) => fc.oneof(fc.constant([id + 1, id + 2, id + 4]), fc.subarray([1, 2, 3, 5, 9, 200]));
  const properties = (id: number) =>
    fc
      .tuple(
        property('instructions', 'instructionIds', instructions),
        property('nextTables', 'nextTableIds', tables(id)),
        property('writeActions', 'actionIds', actions),
        property('applyActions', 'actionIds', actions),
        property('match', 'oxmIds', ids(fields, version === 4 ? fc.boolean() : never)),
        property('wildcards', 'oxmIds', ids(fields, never)),
        property('writeSetfield', 'oxmIds', ids(settable, never)),
        property('applySetfield', 'oxmIds', ids(settable, never)),
        fc.option(property('instructionsMiss', 'instructionIds', instructions)),
        fc.option(property('nextTablesMiss', 'nextTableIds', tables(id))),
        fc.option(property('applyActionsMiss', 'actionIds', actions)),
      )
      .map((all) => all.filter((each) => each !== null));
  const table = fc.integer({ min: 0, max: 3 }).chain((kind) =>
    fc.record({
      name: fc.constantFrom('', '', 'classify'),
      metadataMatch: fc.constantFrom(0n, 0xffn),
      metadataWrite: fc.constant(0n),
      maxEntries: fc.constantFrom(0, 1000),
      config: fc.constant(0),
      command: fc.constant(0),
      features: fc.constant(0),
      capabilities: fc.constantFrom(0, 4, 12),
      properties: properties(kind),
    }),
  );
  // Tables repeat, as those of a switch mostly do.
  return fc
    .tuple(fc.array(table, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }))
    .map(([kinds, picks]) => ({
      type: 'multipartReply',
      multipart: 'tableFeatures',
      version,
      xid: 1,
      flags: 0,
      body: picks.map((pick, tableId) => ({ tableId, ...kinds[pick % kinds.length]! })),
    }));
};

test.each<OfpVersion>([4, 5, 6])(
  `tables of wire version %i print as ovs-ofctl prints them (seed ${seed})`,
  (version) => {
    const messages = fc.sample(tableFeatures(version), { seed, numRuns: 300 }).map((message) => encode(message));
    const printed = printedByOvs(messages);
    messages.forEach((bytes, i) => {
      expect(formatMessage(decode(bytes))).toBe(printed[i]);
    });
  },
);

test('fields have the names in a move that Open vSwitch gives them', () => {
  const moves = Object.keys(OXM_FIELDS).map((name) =>
    encode({
      type: 'packetOut',
      version: 6,
      xid: 1,
      match: [{ field: 'in_port', value: 1 }],
      actions: [
        {
          type: 'copyField',
          nBits: 1,
          srcOffset: 0,
          dstOffset: 1,
          src: { field: name as OxmName, hasMask: false },
          dst: { field: 'metadata', hasMask: false },
        },
      ],
      data: new Uint8Array(0),
    }),
  );
  const printed = printedByOvs(moves);
  const compared = moves.filter((bytes, i) => {
    if (REFUSED.test(printed[i]!)) return false;
    const text = formatMessage(decode(bytes));
    expect(text).toBe(printed[i]);
    const move = /actions=(\S+)/.exec(text)![1]!;
    expect(formatActions(parseActions(move, { version: 6 }), { version: 6 })).toBe(move);
    return true;
  });
  // Open vSwitch lacks in_phy_port, ipv6_exthdr and two of PBB.
  expect(compared).toHaveLength(moves.length - 4);
});

describe('messages of the Open vSwitch test suite', () => {
  /** By the name of the test: printed in words of our own, or read in another way. */
  const exceptions: { readonly [name: string]: string } = {
    'OFPT_HELLO with extra data': 'what is no hello element was dropped',
    'OFPT_HELLO with version bitmap and extra data': 'what is no hello element was dropped',
    'OFPT_HELLO with higher than supported version': 'a later version reads as the last one known',
    'OFPT_HELLO with contradictory version bitmaps': 'a bitmap without a version counts as none',
    'OFPT_FEATURES_REPLY - OF1.2': 'a capability that does not exist is shown',
    'OFPT_FEATURES_REPLY - OF1.3': 'a capability that does not exist is shown',
    'OFPT_FEATURES_REPLY - with auxiliary_id - OF1.3': 'a capability that does not exist is shown',
    'OFPT_FLOW_REMOVED - OF1.0': 'match fields without their prerequisites are wildcarded',
    'OFPST_FLOW reply - OF1.0': 'match fields without their prerequisites are wildcarded',
    'OFPT_FLOW_MOD - OF1.0 - low verbosity': 'the priority of an exact match is as it was sent',
    'OFPT_FLOW_MOD - OF1.0 - high verbosity': 'the priority of an exact match is as it was sent',
    'OFPT_PACKET_OUT - OF1.5': 'zeros after a match are fields of the class NXM_0',
    'OFPST_TABLE_FEATURES request - OF1.3':
      'two fields of the Nicira extension read as those of the standard that they are',
    'NXST_GROUP_DESC reply - OF1.0': 'how a group selects is an extension that only the codec knows',
    'OFPST_GROUP_DESC reply - OF1.5': 'how a group selects is an extension that only the codec knows',
    'NXT_GROUP_MOD add - OF1.0': 'how a group selects is an extension that only the codec knows',
    'OFPT_GROUP_MOD add - OF1.5': 'how a group selects is an extension that only the codec knows',
    'OFPT_BUNDLE_ADD_MESSAGE - GROUP_MOD': 'how a group selects is an extension that only the codec knows',
    'OFPT_BUNDLE_ADD_MESSAGE - PACKET_OUT': 'what is in a packet is not looked into',
    'NXST_GROUP_FEATURES reply': 'bits of actions that no version gives groups',
    'OFPT_SET_ASYNC - OF1.3': 'a reason that does not exist is shown',
    NXT_SET_ASYNC_CONFIG: 'a reason that does not exist is shown',
    'NXT_FLOW_MOD, low verbosity': 'an action of Open vSwitch',
    'NXT_FLOW_MOD, high verbosity': 'an action of Open vSwitch',
    'NXST_FLOW reply': 'an action of Open vSwitch',
    'OFPT_ERROR with code OFPBMC_BAD_PREREQ - OF1.0': 'an error of Open vSwitch',
    'OFPT_ERROR with code OFPBMC_BAD_PREREQ - OF1.1': 'an error of Open vSwitch',
    'decoding experimenter errors': 'an error of Open vSwitch or the ONF',
  };
  const vectors = openVswitchVectors();
  const printed = printedByOvs(vectors.map(({ bytes }) => whole(bytes)));

  test.each(vectors.map((vector, i) => ({ ...vector, theirs: printed[i]!, title: `${i}: ${vector.name}` })))(
    '$title',
    ({ name, bytes, theirs }) => {
      let message: OfpMessage;
      try {
        message = decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(OfpDecodeError);
        return;
      }
      const ours = formatMessage(message);
      if (REFUSED.test(theirs) || what(message) in OWN_WORDS || name in exceptions) return;
      expect(comparable(latin1(ours), message)).toBe(comparable(theirs, message));
    },
  );
});

const what = (message: OfpMessage) => ('multipart' in message ? `${message.type}.${message.multipart}` : message.type);

/** Vectors that are cut short would shift the ones after them. */
function whole(bytes: Uint8Array): Uint8Array {
  const length = bytes.length < 4 ? 0 : (bytes[2]! << 8) | bytes[3]!;
  return length === bytes.length ? bytes : Uint8Array.of(1, 2, 0, 8, 0, 0, 0, 0);
}
