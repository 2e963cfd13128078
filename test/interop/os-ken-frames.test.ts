import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Action, NO_BUFFER, PortNo } from '../../ofp/index.ts';
import { BridgeLab, hex, output } from '../unit/support/switch-lab.ts';

interface Case {
  readonly name: string;
  readonly actions: readonly Action[];
  readonly before: string;
  readonly after: string;
}

/** Field values of more than 32 bits come as hex. */
const revive = (name: string, value: unknown) => (name === 'value' && typeof value === 'string' ? hex(value) : value);

const script = new URL('support/os-ken-frames.py', import.meta.url).pathname;
const cases = JSON.parse(execFileSync('/usr/bin/python3', [script], { encoding: 'utf8' }), revive) as Case[];

describe("actions make of os-ken's frames what os-ken makes of them", () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_name, { actions, before, after }) => {
    const lab = new BridgeLab();
    const port = lab.leaf();
    const all = [...actions, output(port.no)];
    lab.bridge.packetOut({ bufferId: NO_BUFFER, inPort: PortNo.CONTROLLER, actions: all, data: hex(before) }, 0);
    expect(port.sent.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual([after]);
  });
});
