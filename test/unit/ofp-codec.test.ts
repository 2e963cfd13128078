import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  ACTIONS,
  type Action,
  decode,
  ERROR_TYPES,
  encode,
  errorName,
  INSTRUCTIONS,
  MESSAGES,
  type Message,
  MULTIPART_REPLIES,
  MULTIPART_REQUESTS,
  OfpDecodeError,
  OfpEncodeError,
  type OfpMessageInput,
  type OfpVersion,
  OXM_FIELDS,
  type OxmField,
  PacketInView,
  type ReplyItem,
  wireError,
} from '../../ofp/index.ts';
import * as props from '../../ofp/tables/properties.ts';
import type { Family, Struct } from '../../ofp/tables/schema.ts';
import { layoutOf, messageArbitrary, VERSIONS } from '../property/ofp-codec-arbitraries.ts';

const standardIn = (family: Family, version: OfpVersion): string[] =>
  Object.keys(family).filter((name) => layoutOf(family[name]!, version)?.code !== undefined);

describe('the tables are as large as the specifications', () => {
  test.each([
    [1, 22, 8, 13, 0],
    [3, 26, 11, 15, 6],
    [4, 30, 15, 17, 7],
    [5, 33, 18, 17, 7],
    [6, 34, 21, 19, 8],
  ] as const)('wire version %i', (version, messages, multiparts, actions, instructions) => {
    // Two of the messages are the multipart ones, which have tables of their own. Port descriptions in 1.0 and 1.2 are
    // an extension that uses a standard number.
    expect(standardIn(MESSAGES, version).length + 2).toBe(messages);
    expect(standardIn(MULTIPART_REQUESTS, version).length).toBe(multiparts);
    expect(standardIn(MULTIPART_REPLIES, version).length).toBe(multiparts);
    expect(standardIn(ACTIONS, version).length).toBe(actions);
    expect(standardIn(INSTRUCTIONS, version).length).toBe(instructions);
  });

  test('match fields and errors of 1.3', () => {
    expect(Object.values(OXM_FIELDS).filter(({ since }) => since <= 4)).toHaveLength(40);
    const types = Object.values(ERROR_TYPES).filter(({ since }) => since <= 4);
    const codes = types.flatMap(({ codes: all, added }) =>
      Object.keys(all).filter((name) => ((added as { [code: string]: number })[name] ?? 0) <= 4),
    );
    // The fifteenth type is the experimenter's, which has no codes of the standard.
    expect(types).toHaveLength(14);
    expect(codes).toHaveLength(111);
  });
});

const FAMILIES: { readonly [name: string]: Family } = {
  ...(props as unknown as { readonly [name: string]: Family }),
  ACTIONS,
  INSTRUCTIONS,
  MESSAGES,
  MULTIPART_REQUESTS,
  MULTIPART_REPLIES,
};

describe('the tables are consistent', () => {
  test.each(Object.entries(FAMILIES))('%s: no number stands for two things', (_name, family) => {
    for (const version of VERSIONS) {
      const layouts = Object.values(family).map((struct: Struct) => layoutOf(struct, version));
      const numbers = layouts.flatMap((l) => (l === undefined ? [] : [`${l.code ?? ''}:${l.exp ?? ''}`]));
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  test.each(Object.entries(FAMILIES))('%s: no version has two layouts', (_name, family) => {
    for (const struct of Object.values(family)) {
      for (const version of VERSIONS) {
        const fitting = struct.layouts.filter(({ versions: [from, to] }) => from <= version && version <= to);
        expect(fitting.length).toBeLessThan(2);
      }
    }
  });

  test.each([MESSAGES, MULTIPART_REQUESTS, MULTIPART_REPLIES].flatMap((family) => Object.entries(family as Family)))(
    '%s: what 1.3 has is in all versions or has a default',
    (_name, struct) => {
      const reference = Object.keys(layoutOf(struct, 4)?.fields ?? {}).filter((field) => !field.startsWith('_'));
      for (const layout of struct.layouts) {
        const absent = reference.filter((field) => !(field in layout.fields));
        for (const field of absent) expect(Object.keys(struct.defaults ?? {})).toContain(field);
      }
    },
  );
});

describe('the packet-in view', () => {
  test.each(VERSIONS)('sees what the decoder sees, wire version %i', (version) => {
    const view = new PacketInView();
    fc.assert(
      fc.property(messageArbitrary('packetIn', { version, unknown: true }), (message) => {
        const bytes = encode(message);
        const decoded = decode(bytes) as Message<'packetIn'>;
        view.wrap(bytes);
        expect({
          version: view.version,
          xid: view.xid,
          bufferId: view.bufferId,
          totalLen: view.totalLen,
          reason: view.reason,
          tableId: view.tableId,
          cookie: view.cookie,
          data: bytes.slice(view.dataOffset),
        }).toEqual({
          version,
          xid: decoded.xid,
          bufferId: decoded.bufferId,
          totalLen: decoded.totalLen,
          reason: decoded.reason,
          tableId: decoded.tableId,
          cookie: decoded.cookie,
          data: new Uint8Array(decoded.data),
        });
        const port = decoded.match.flatMap((f) => (f.field === 'in_port' && f.mask === undefined ? [f.value] : []))[0];
        expect(view.inPort).toBe(port ?? 0);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses what is cut short', () => {
    const bytes = encode({
      type: 'packetIn',
      version: 4,
      xid: 1,
      bufferId: 0xffffffff,
      totalLen: 0,
      reason: 0,
      match: [{ field: 'in_port', value: 1 }],
      data: new Uint8Array(0),
    });
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      if (length >= 4) cut[3] = length;
      expect(() => new PacketInView().wrap(cut)).toThrow(OfpDecodeError);
    }
  });
});

describe('error numbers', () => {
  test('1.0 has other numbers than later versions', () => {
    expect(wireError(4, 5, 3)).toEqual({ errorType: 5, code: 3 });
    expect(wireError(1, 5, 3)).toEqual({ errorType: 3, code: 1 });
    expect(wireError(1, 4, 1)).toEqual({ errorType: 3, code: 5 });
    expect(wireError(1, 1, 6)).toEqual({ errorType: 1, code: 6 });
    expect(wireError(1, 1, 10)).toEqual({ errorType: 1, code: 5 });
    expect(wireError(1, 2, 13)).toEqual({ errorType: 2, code: 5 });
  });

  test('they have names', () => {
    expect(errorName(4, 1, 6)).toBe('BAD_REQUEST/BAD_LEN');
    expect(errorName(1, 3, 0)).toBe('FLOW_MOD_FAILED/ALL_TABLES_FULL');
    expect(errorName(4, 5, 1)).toBe('FLOW_MOD_FAILED/TABLE_FULL');
    expect(errorName(4, 99, 1)).toBe('99/1');
    expect(errorName(4, 1, 99)).toBe('BAD_REQUEST/99');
  });
});

describe('what the versions have in common', () => {
  test('a hello of a later version is read', () => {
    const hello = Uint8Array.from([9, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 2, 0x10]);
    expect(decode(hello)).toEqual({
      type: 'hello',
      version: 6,
      xid: 1,
      elements: [{ type: 'versionBitmap', bitmaps: [0x210] }],
    });
  });

  test('reserved ports have one number in all of them', () => {
    for (const version of VERSIONS) {
      const message = decode(
        encode({
          type: 'packetOut',
          version,
          xid: 1,
          inPort: 0xfffffffd,
          actions: [{ type: 'output', port: 0xfffffffb, maxLen: 0 }],
          data: new Uint8Array(0),
        }),
      ) as Message<'packetOut'>;
      expect(message.actions).toEqual([{ type: 'output', port: 0xfffffffb, maxLen: 0 }]);
      if (version < 6) expect(message.inPort).toBe(0xfffffffd);
    }
  });
});

describe('a message inside another', () => {
  const barrier = { type: 'barrierRequest', version: 5, xid: 1 } as const;
  const bundle = { type: 'bundleAddMessage', version: 5, xid: 1, bundleId: 1 } as const;

  test('has the version of the one around it', () => {
    expect(() => encode({ ...bundle, message: { ...barrier, version: 4 } })).toThrow(OfpEncodeError);
    const bytes = encode({ ...bundle, message: barrier });
    bytes[16] = 4;
    expect(() => decode(bytes)).toThrow(/message.version/);
  });

  test('has none inside itself', () => {
    const inner = decode(encode({ ...bundle, message: barrier }));
    expect(() => encode({ ...bundle, message: inner })).toThrow(OfpEncodeError);
    expect(encode({ ...bundle, message: barrier })).toHaveLength(24);
  });

  test('is padded when properties follow', () => {
    const message = { type: 'setConfig', version: 5, xid: 1, flags: 0, missSendLen: 128 } as const;
    const properties = [
      { type: 'experimenter' as const, experimenter: 1, expType: 2, data: new Uint8Array([1, 2, 3, 4]) },
    ];
    expect(encode({ ...bundle, message })).toHaveLength(16 + 12);
    const bytes = encode({ ...bundle, message, properties });
    expect(bytes).toHaveLength(16 + 16 + 16);
    expect(decode(bytes)).toEqual({ ...bundle, flags: 0, message, properties });
  });
});

describe('types follow from the tables', () => {
  test('a field that the tables do not have is an error of the compiler', () => {
    expectTypeOf<Message<'flowMod'>>().toHaveProperty('tableId').toEqualTypeOf<number>();
    expectTypeOf<Message<'flowMod'>>().toHaveProperty('cookie').toEqualTypeOf<bigint>();
    expectTypeOf<Message<'flowMod'>>().toHaveProperty('importance').toEqualTypeOf<number | undefined>();
    expectTypeOf<Message<'flowMod'>>().not.toHaveProperty('table');
    expectTypeOf<ReplyItem<'portStats'>>().toHaveProperty('rxBytes').toEqualTypeOf<bigint>();
    expectTypeOf<Extract<OxmField, { field: 'eth_dst' }>['value']>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<Extract<Action, { type: 'output' }>>().toEqualTypeOf<{
      type: 'output';
      port: number;
      maxLen: number;
    }>();
  });

  test('fields with a default may be left out when encoding, the others may not', () => {
    interface Least {
      type: 'flowMod';
      version: 4;
      xid: number;
      command: number;
      priority: number;
      match: OxmField[];
    }
    const least: Least = { type: 'flowMod', version: 4, xid: 1, command: 0, priority: 1, match: [] };
    expectTypeOf<Least>().toExtend<OfpMessageInput>();
    expectTypeOf<Omit<Least, 'priority'>>().not.toExtend<OfpMessageInput>();
    expect(decode(encode(least))).toMatchObject({ tableId: 0, bufferId: 0xffffffff, cookie: 0n, instructions: [] });
  });
});
