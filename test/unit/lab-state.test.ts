import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, processId } from '../../tools/lab/processes.ts';
import { LabStateFile } from '../../tools/lab/state.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringlet-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const self = processId(process.pid)!;
/** The pid lives, but began at another time: another process. */
const dead = { pid: process.pid, startTime: '1' };
const write = (state: unknown) => writeFileSync(join(folder, 'lab.json'), JSON.stringify(state));

describe('a process', () => {
  it('is told by pid and start time', () => {
    expect(isAlive(self)).toBe(true);
    expect(isAlive(dead)).toBe(false);
    const { pid } = spawnSync('true');
    expect(processId(pid)).toBeUndefined();
  });
});

describe('the state of a lab', () => {
  it('is claimed by one at a time', () => {
    const state = LabStateFile.claim(folder);
    expect(state.leftovers).toEqual({ children: [], nodes: [] });
    expect(() => LabStateFile.claim(folder)).toThrow(
      expect.objectContaining({ code: 'LAB_RUNNING', message: expect.stringContaining(`process ${process.pid}`) }),
    );
    state.remove();
    LabStateFile.claim(folder).remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a lab that is dead tells what it left', () => {
    write({ lab: dead, children: [dead], nodes: ['n1', 'n2'] });
    const state = LabStateFile.claim(folder);
    expect(state.leftovers).toEqual({ children: [dead], nodes: ['n1', 'n2'] });
    expect(readdirSync(folder)).toEqual(['lab.json']);
  });

  it('still tells of leftovers when the second lab dies before it removed them', () => {
    write({ lab: dead, children: [dead], nodes: ['n1'] });
    LabStateFile.claim(folder);
    write({ ...JSON.parse(readFileSync(join(folder, 'lab.json'), 'utf8')), lab: dead });
    expect(LabStateFile.claim(folder).leftovers).toEqual({ children: [dead], nodes: ['n1'] });
  });

  it('is replaced by what is recorded', () => {
    const state = LabStateFile.claim(folder);
    state.record([self], ['n1']);
    expect(() => LabStateFile.claim(folder)).toThrow(/a lab is running/);
  });

  it.each([
    ['empty', ''],
    ['half', '{"lab":'],
    ['of init', JSON.stringify({ lab: { pid: 1, startTime: '1' }, children: [], nodes: [] })],
    ['with a child that is none', JSON.stringify({ lab: dead, children: [{ pid: 'x' }], nodes: [] })],
    ['with a name that is a path', JSON.stringify({ lab: dead, children: [], nodes: ['../../etc/passwd'] })],
  ])('is not believed when it is %s', (_, text) => {
    writeFileSync(join(folder, 'lab.json'), text);
    expect(LabStateFile.claim(folder).leftovers).toEqual({ children: [], nodes: [] });
  });
});
