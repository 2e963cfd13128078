import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode, type OfpMessage, type OfpVersion } from '../../ofp/index.ts';
import { allMessages, messageArbitrary, VERSIONS } from '../property/ofp-codec-arbitraries.ts';
import { OVS_ONLY, OVS_VALUES } from './support/ofp-coherent.ts';
import { ovsPrint } from './support/ofp-ovs-print.ts';
import { sameXid, VALID } from './support/ofp-valid.ts';

const RUNS = 30;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));

/** What Open vSwitch 3.1 does not have, and why it is not asked. `message@6`: in that wire version alone. */
const UNKNOWN_TO_OVS: { readonly [what: string]: string } = {
  experimenter: 'it refuses experimenters that it does not know',
  'multipartRequest.experimenter': 'it refuses experimenters that it does not know',
  'multipartReply.experimenter': 'it refuses experimenters that it does not know',
  controllerStatus: 'not implemented there',
  'multipartRequest.controllerStatus': 'not implemented there',
  'multipartReply.controllerStatus': 'not implemented there',
  'multipartRequest.flowStats': 'not implemented there',
  'multipartReply.flowStats': 'not implemented there',
  'multipartRequest.bundleFeatures': 'not implemented there',
  'multipartReply.bundleFeatures': 'not implemented there',
  'multipartReply.meterFeatures@6': 'it has the structure of 1.3 in 1.5, without the features',
};

/** Members that it prints as names or bits, combines with others, or leaves out. */
const NOT_NUMBERS = [
  /xid/i,
  /flags|config|state|capabilities|mask|type$|Features|features|supported|advertise|curr$|peer$|actions$|wildcards$/i,
  /command|reason|version|bands|bitmaps|metadataMatch|metadataWrite|oxm|code|format|role/i,
  // Times are printed as seconds with a fraction, ages and empty counters not at all.
  /duration|timeout|idleAge|hardAge|nanoseconds/i,
  // Only with some roles, flags, types or commands.
  /generationId|shortId|burstSize|maxGroups|optionClass/i,
  // In the names of standard actions and in parts of a match that belong together.
  /maxLen|totalLen|bufferId|port/i,
  // In megabits, or as names.
  /Speed$|bandTypes|Setfields|meterId|^match$|^instructions$|^actions\[/,
  // As the name of a protocol, or without the bit that says that there is a tag.
  /eth_type|vlan_vid/,
  // Not at all.
  /priority|outGroup/,
];

interface Leaf {
  readonly path: string;
  readonly value: number | bigint | Uint8Array;
}

function leaves(value: unknown, path: string): Leaf[] {
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return [{ path, value }];
  if (Array.isArray(value)) return value.flatMap((v, i) => leaves(v, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  const { field, mask: _, ...rest } = value as { field?: string; mask?: unknown };
  const at = typeof field === 'string' ? `${path}.${field}` : path;
  return Object.entries(rest).flatMap(([key, v]) => leaves(v, key === 'value' ? at : `${at}.${key}`));
}

/** Ways to print a number, or none if it is too common to say anything. */
function printed(value: Leaf['value']): string[] {
  if (value instanceof Uint8Array) {
    const octets = Array.from(value, (o) => o.toString(16).padStart(2, '0'));
    return value.length === 6 ? [octets.join(':'), octets.join('')] : [];
  }
  // All ones stand for any, all or unknown, and are printed so; reserved ports have names, or 16 bits.
  if (value < 10_000 || value === 0xffffffffffffffffn) return [];
  if (typeof value === 'number' && value >= 0xffffff00) return [];
  const dotted = [24, 16, 8, 0].map((s) => (Number(BigInt(value) >> BigInt(s)) & 255).toString()).join('.');
  return [value.toString(), value.toString(16), dotted];
}

/** A cookie that is matched is printed as its bits under the mask. */
const MATCHED_COOKIE = /^(flowMod|multipartRequest\.\w+\.body)\.cookie$/;

const compared = ({ path }: Leaf): boolean => {
  if (MATCHED_COOKIE.test(path)) return false;
  const name = path.slice(path.lastIndexOf('.') + 1);
  return !/\.(properties|data|name|stats|bucketStats)\b/.test(path) && !NOT_NUMBERS.some((p) => p.test(name));
};

interface Case {
  readonly what: string;
  readonly message: OfpMessage;
  readonly bytes: Uint8Array;
}

function cases(version: OfpVersion): Case[] {
  const options = { version, unknown: false, only: OVS_ONLY, overrides: { ...VALID.overrides, ...OVS_VALUES } };
  return allMessages(version)
    .filter((what) => !(what in UNKNOWN_TO_OVS) && !(`${what}@${version}` in UNKNOWN_TO_OVS))
    .flatMap((what) =>
      fc
        .sample(messageArbitrary(what, options).map(sameXid), { numRuns: RUNS, seed })
        .map((message) => ({ what, message, bytes: encode(message) })),
    )
    .filter(({ what, message }) => {
      // It wants something in these replies.
      if (!/multipartReply\.(tableFeatures|tableDesc)/.test(what)) return true;
      return (message as { body: unknown[] }).body.length > 0;
    });
}

describe.each(VERSIONS)('ovs-ofctl ofp-parse, wire version %i', (version) => {
  test(`accepts what we write, and reads the same numbers (seed ${seed})`, () => {
    const asked = cases(version);
    expect(asked.length).toBeGreaterThan(30 * RUNS);
    const texts = ovsPrint(asked.map(({ bytes }) => bytes));
    const missing = new Map<string, string>();
    texts.forEach((text, i) => {
      const { what, message, bytes } = asked[i]!;
      const about = `${what} ${Buffer.from(bytes).toString('hex')}\n${text}`;
      assert.doesNotMatch(text, /\*\*\*(decode|truncated|only|length)/, about);
      for (const leaf of leaves(message, what).filter(compared)) {
        const ways = printed(leaf.value);
        if (ways.length > 0 && !ways.some((way) => text.includes(way)))
          missing.set(leaf.path.replace(/\[\d+\]/g, '[]'), `${leaf.path} = ${leaf.value} in ${about}`);
      }
    });
    assert.deepEqual([...missing.keys()], [], [...missing.values()].slice(0, 5).join('\n'));
  });
});
