import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { decode, encode, OfpDecodeError, type OfpMessage } from '../../ofp/index.ts';
import { openVswitchVectors } from './support/ofp-vectors.ts';

/** Open vSwitch refuses these, in whole or in part. */
const REFUSED = /\*\*\*decode error|packet too short|\*\*\*truncated|\*\*\*only uses/;

/** Refused here and not by Open vSwitch, and why. */
const STRICTER: { readonly [name: string]: string } = {
  'OFPST_AGGREGATE request - OF1.5': 'statistics after a request that has none by the specification',
};

/** Decoded, and encoded in other bytes that mean the same. */
const REWRITTEN: { readonly [name: string]: string } = {
  'OFPT_HELLO with extra data': 'what is no hello element is dropped',
  'OFPT_HELLO with version bitmap and extra data': 'what is no hello element is dropped',
  'OFPT_HELLO with higher than supported version': 'a later version reads as the last one known',
  'OFPT_HELLO with contradictory version bitmaps': 'a later version reads as the last one known',
  'OFPT_FLOW_REMOVED - OF1.0': 'match fields without their prerequisites are wildcarded',
  'OFPT_FLOW_MOD - OF1.0 - low verbosity': 'match fields without their prerequisites are wildcarded',
  'OFPT_FLOW_MOD - OF1.0 - high verbosity': 'match fields without their prerequisites are wildcarded',
  'OFPST_FLOW request - OF1.0': 'one of the two ways to wildcard an address',
  'OFPST_FLOW reply - OF1.0': 'match fields without their prerequisites are wildcarded',
  'OFPST_AGGREGATE request - OF1.0': 'one of the two ways to wildcard an address',
  'OFPST_TABLE_FEATURES request - OF1.3': 'instruction ids of 8 bytes, where 4 are enough',
  NXT_RESUME: 'padding with other content than zero',
  'FLOW_MONITOR request': 'a length for information that is wrong',
  'OFPT_BUNDLE_ADD_MESSAGE - reject OFPT_HELLO': 'what is no hello element is dropped',
};

const vectors = openVswitchVectors();

describe('messages of the Open vSwitch test suite', () => {
  test('there are as many as its version 3.1 has', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(270);
  });

  test.each(vectors.map((v, i) => ({ ...v, title: `${i}: ${v.name}` })))('$title', ({ name, bytes, printed }) => {
    let message: OfpMessage;
    try {
      message = decode(bytes);
    } catch (error) {
      assert.ok(error instanceof OfpDecodeError, `${error}`);
      assert.ok(REFUSED.test(printed) || name in STRICTER, `refused: ${error.message}`);
      return;
    }
    const again = encode(message);
    assert.deepEqual(decode(again), message);
    if (!(name in REWRITTEN)) assert.equal(Buffer.from(again).toString('hex'), Buffer.from(bytes).toString('hex'));
  });
});
