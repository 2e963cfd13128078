/**
 * Makes a reader and a writer out of a layout.
 *
 * The source of each pair is generated from the table once per layout and version: straight-line code over fixed
 * offsets, one bounds check for each run of fixed-size fields, and object literals of one shape. It holds nothing but
 * names, numbers and offsets of the tables.
 */
import type { OfpVersion } from '../errors.ts';
import type { Layout, Struct } from '../tables/schema.ts';
import * as io from './io.ts';
import { fixedWire } from './wires.ts';

/** Reads a value from `b[at..end)` and leaves the cursor behind it. */
export type Reader = (b: Uint8Array, at: number, end: number, xid: number) => unknown;
/** Writes a value at the cursor and moves it on. */
export type Writer = (value: unknown) => void;

export interface Codec {
  readonly read: Reader;
  readonly write: Writer;
}

export interface CompileOptions {
  /** For messages of errors. */
  readonly name: string;
  readonly version: OfpVersion;
  /** Literal members that come first in the value, e.g. `type:"flowMod"`. */
  readonly head?: string;
  /** The structure fills its bounds: bytes left over are an error. */
  readonly exact: boolean;
  readonly fault: io.Fault;
  /** Codecs of wire types without a fixed size. */
  readonly variable: (wire: string) => Codec;
}

/** The layout of a structure in a version, if it has one there. */
export function layoutFor(struct: Struct, version: OfpVersion): Layout | undefined {
  return struct.layouts.find((l) => l.versions[0] <= version && version <= l.versions[1]);
}

/** Members of 1.3 that the layout lacks, and what they read as. */
function absent(struct: Struct, layout: Layout): string[] {
  const reference = layoutFor(struct, 4)?.fields ?? {};
  return Object.entries(struct.defaults ?? {})
    .filter(([name]) => name in reference && !(name in layout.fields))
    .map(([name, value]) => `${name}:${literal(value)}`);
}

function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return 'new Uint8Array(0)';
  return JSON.stringify(value);
}

const HELPERS = Object.keys(io).join(',');

function build(parameters: string, body: string, codecs: readonly Codec[], fault: io.Fault): unknown {
  const bind = codecs.map((_, i) => `const r${i}=codecs[${i}].read,w${i}=codecs[${i}].write;`).join('');
  const factory = new Function(
    'io',
    'codecs',
    'fault',
    `"use strict";const {${HELPERS}}=io;${bind}return (${parameters})=>{${body}};`,
  );
  return factory(io, codecs, fault);
}

interface Run {
  /** Fixed-size fields, one after the other. */
  readonly fields: { name: string; wire: string; at: number; size: number }[];
  readonly size: number;
  /** The field of variable size that follows, if any. */
  readonly next?: { name: string; wire: string };
}

const after = (prefix: string, wire: string): string | undefined =>
  wire.startsWith(prefix) ? wire.slice(prefix.length) : undefined;
/** The field that a wire type gives the length of, binding or for information. */
const lengthOf = (wire: string): string | undefined => after('len16:', wire);
const informs = (wire: string): string | undefined => after('size16:', wire);
/** Wire types that only move on. */
const isFiller = (wire: string): boolean => wire === 'tail' || wire.startsWith('align:');

function sizeOf(wire: string, version: OfpVersion): number | undefined {
  if (wire === 'self16' || lengthOf(wire) !== undefined || informs(wire) !== undefined) return 2;
  if (wire.startsWith('pad')) return Number(wire.slice(3));
  return fixedWire(wire, version)?.size;
}

function runsOf(layout: Layout, version: OfpVersion): Run[] {
  const runs: Run[] = [];
  let fields: Run['fields'] = [];
  let size = 0;
  for (const [name, wire] of Object.entries(layout.fields)) {
    const n = sizeOf(wire, version);
    if (n === undefined) {
      runs.push({ fields, size, next: { name, wire } });
      fields = [];
      size = 0;
    } else {
      fields.push({ name, wire, at: size, size: n });
      size += n;
    }
  }
  if (size > 0 || runs.length === 0) runs.push({ fields, size });
  return runs;
}

/** Offsets of the members before the first one of variable size, and where that one begins. */
export function fixedOffsets(struct: Struct, version: OfpVersion): { at: { [name: string]: number }; end: number } {
  const layout = layoutFor(struct, version);
  const first = layout === undefined ? undefined : runsOf(layout, version)[0];
  const at = Object.fromEntries((first?.fields ?? []).map((field) => [field.name, field.at]));
  return { at, end: first?.size ?? 0 };
}

/** The least number of bytes that the layout takes. */
function fixedSize(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.size, 0);
}

/** The codec of a structure. Its two functions are made when they are first called: few versions speak all messages. */
export function compile(struct: Struct, layout: Layout, options: CompileOptions): Codec {
  let parts: Parts | undefined;
  let reader: Reader | undefined;
  let writer: Writer | undefined;
  return {
    read: (b, at, end, xid) => {
      if (reader === undefined) {
        parts ??= partsOf(layout, options);
        const source = readerSource(struct, layout, parts, options);
        reader = build('b,o,end,xid', source, parts.codecs, options.fault) as Reader;
      }
      return reader(b, at, end, xid);
    },
    write: (value) => {
      if (writer === undefined) {
        parts ??= partsOf(layout, options);
        writer = build('m', writerSource(struct, parts, options), parts.codecs, options.fault) as Writer;
      }
      writer(value);
    },
  };
}

interface Parts {
  readonly runs: readonly Run[];
  /** Codecs of the wire types of variable size, each once, and their places in the list. */
  readonly codecs: readonly Codec[];
  readonly index: ReadonlyMap<string, number>;
}

function partsOf(layout: Layout, options: CompileOptions): Parts {
  const runs = runsOf(layout, options.version);
  const codecs: Codec[] = [];
  const index = new Map<string, number>();
  for (const run of runs) {
    if (run.next === undefined || isFiller(run.next.wire) || index.has(run.next.wire)) continue;
    index.set(run.next.wire, codecs.length);
    codecs.push(options.variable(run.next.wire));
  }
  return { runs, codecs, index };
}

function readerSource(
  struct: Struct,
  layout: Layout,
  { runs, index }: Parts,
  { name, version, head, exact }: CompileOptions,
): string {
  const members = head === undefined ? [] : [head];
  let bounded = exact;
  const code: string[] = ['let p=o;'];
  for (const run of runs) {
    if (run.size > 0) code.push(`if(end-p<${run.size})fail("too short",p,${JSON.stringify(name)},fault);`);
    for (const field of run.fields) {
      const at = `p+${field.at}`;
      const label = JSON.stringify(`${name}.${field.name}`);
      const counted = lengthOf(field.wire);
      if (field.wire === 'self16') {
        bounded = true;
        code.push(`const self=u16(b,${at});`);
        code.push(`if(self<${fixedSize(runs)}||self>end-o)fail("length "+self,${at},${label},fault);end=o+self;`);
      } else if (counted !== undefined) {
        code.push(`const n_${counted}=u16(b,${at});`);
      } else if (!field.wire.startsWith('pad') && informs(field.wire) === undefined) {
        code.push(`const v_${field.name}=${fixedWire(field.wire, version)!.read(at)};`);
        members.push(`${field.name}:v_${field.name}`);
      }
    }
    if (run.size > 0) code.push(`p+=${run.size};`);
    if (run.next === undefined) continue;
    const field = run.next;
    const label = JSON.stringify(`${name}.${field.name}`);
    if (field.wire === 'tail') {
      code.push(`if(end-p>7)fail("left over",p,${label},fault);p=end;`);
      continue;
    }
    const aligned = after('align:', field.wire);
    if (aligned !== undefined) {
      code.push(`p+=-n_${aligned}&7;if(p>end)fail("too short",end,${label},fault);`);
      continue;
    }
    const counted = runs.some((r) => r.fields.some((f) => lengthOf(f.wire) === field.name));
    let limit = 'end';
    if (counted) {
      limit = `e_${field.name}`;
      code.push(`const ${limit}=p+n_${field.name};if(${limit}>end)fail("length "+n_${field.name},p,${label},fault);`);
    }
    code.push(`const v_${field.name}=r${index.get(field.wire)}(b,p,${limit},xid);p=cursor.at;`);
    if (counted) code.push(`if(p!==${limit})fail("length "+n_${field.name},p,${label},fault);`);
    members.push(`${field.name}:v_${field.name}`);
  }
  if (bounded) code.push(`if(p!==end)fail((end-p)+" bytes left over",p,${JSON.stringify(name)},fault);`);
  members.push(...absent(struct, layout));
  code.push(`cursor.at=p;return {${members.join(',')}};`);
  return code.join('\n');
}

function writerSource(struct: Struct, { runs, index }: Parts, { name, version }: CompileOptions): string {
  const defaults = struct.defaults ?? {};
  const code: string[] = ['const o=cursor.at;let p=o,v;'];
  const take = (field: string): string =>
    field in defaults ? `v=m.${field};if(v===undefined)v=${literal(defaults[field])};` : `v=m.${field};`;
  let patchSelf = '';
  for (const run of runs) {
    for (const field of run.fields) {
      const at = `p+${field.at}`;
      const counted = lengthOf(field.wire) ?? informs(field.wire);
      if (field.wire === 'self16') {
        code.push(`const self=${at};`);
        patchSelf = 'put16(self,cursor.at-o);';
      } else if (counted !== undefined) {
        code.push(`const n_${counted}=${at};`);
      } else if (field.wire.startsWith('pad')) {
        code.push(zeros(at, field.size));
      } else {
        const label = JSON.stringify(`${name}.${field.name}`);
        code.push(take(field.name), fixedWire(field.wire, version)!.write(at, label));
      }
    }
    if (run.size > 0) code.push(`p+=${run.size};`);
    if (run.next === undefined || run.next.wire === 'tail') continue;
    const field = run.next;
    const aligned = after('align:', field.wire);
    if (aligned !== undefined) {
      code.push(`{const n=-s_${aligned}&7;putZeros(p,n);p+=n;}`);
      continue;
    }
    code.push(take(field.name), `cursor.at=p;w${index.get(field.wire)}(v);`);
    const refers = (of: (wire: string) => string | undefined): boolean =>
      runs.some((r) => r.fields.some((f) => of(f.wire) === field.name));
    if (refers(informs)) code.push(`put16(n_${field.name},u16(out,p+2));`);
    if (refers(lengthOf)) code.push(`const s_${field.name}=cursor.at-p;put16(n_${field.name},s_${field.name});`);
    code.push('p=cursor.at;');
  }
  code.push('cursor.at=p;', patchSelf);
  return code.join('\n');
}

function zeros(at: string, size: number): string {
  return Array.from({ length: size }, (_, i) => `out[${at}+${i}]=0;`).join('');
}
