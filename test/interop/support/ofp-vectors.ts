/** Example messages of Open vSwitch's own test suite, read from Debian's source package when a test runs. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const ARCHIVE = '/usr/src/openvswitch/openvswitch.tar.gz';
const FILES = ['openvswitch/tests/ofp-print.at', 'openvswitch/tests/ofp-errors.at'];

export interface Vector {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What `ovs-ofctl ofp-print` prints for it. */
  readonly printed: string;
}

/** A failure that says which package brings what a test needs. */
export function needPackage(path: string, debianPackage: string): void {
  if (!existsSync(path)) throw new Error(`${path} is missing: apt-get install -y ${debianPackage}`);
}

/** The text between the bracket at `open` and the one that closes it. */
function bracketed(text: string, open: number): string {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']' && --depth === 0) return text.slice(open + 1, i);
  }
  return text.slice(open + 1);
}

/** Hexadecimal digits of the argument of `ofp-print`, or undefined if it is no constant. */
function hexOf(command: string): string | undefined {
  const argument = /ofp-print\s+(?:"([^"]*)"|'([^']*)'|([0-9a-fA-F]+))/.exec(command);
  const text = argument?.[1] ?? argument?.[2] ?? argument?.[3];
  const hex = text?.replace(/\\\n|\s/g, '');
  return hex !== undefined && hex.length > 0 && /^[0-9a-fA-F]+$/.test(hex) && hex.length % 2 === 0 ? hex : undefined;
}

function vectorsOf(file: string): Vector[] {
  const text = execFileSync('tar', ['xzOf', ARCHIVE, file], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const vectors: Vector[] = [];
  for (const test of text.split('AT_SETUP(').slice(1)) {
    const name = bracketed(test, 0);
    for (const check of test.split('AT_CHECK(').slice(1)) {
      const command = bracketed(check, 0);
      const hex = hexOf(command);
      if (hex === undefined) continue;
      const expected = check.indexOf('[', check.indexOf('[0]', command.length) + 3);
      const printed = bracketed(check, expected).replace(/^dnl\s*\n/, '');
      vectors.push({ name, bytes: Uint8Array.from(Buffer.from(hex, 'hex')), printed });
    }
  }
  return vectors;
}

export function openVswitchVectors(): Vector[] {
  needPackage(ARCHIVE, 'openvswitch-source');
  return FILES.flatMap(vectorsOf);
}
