import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askNode } from '../../src/node/client.ts';
import type { LabReport } from '../../tools/lab/report.ts';
import { LabRun } from './support/lab-run.ts';
import { waitFor } from './support/wait.ts';

let lab: LabRun;
beforeEach(() => {
  lab = new LabRun();
});
afterEach(() => lab.end());

describe('a lab in namespaces', () => {
  it('forms a ring, reaches every pair over both protocols, and leaves nothing', async () => {
    const { code, stdout, stderr } = await lab.run(['lab', '--once', '--json']);
    const report: LabReport = JSON.parse(stdout);
    expect(report.failures, stderr).toEqual([]);
    expect(report).toMatchObject({ ok: true, mode: 'namespaces', ring: { whole: true } });
    expect(report.echoes).toMatchObject({ expected: 20, answered: 20 });
    expect(report.flood).toMatchObject({ root: 'n1', reached: 5, missing: [], copies: 4 });
    expect(report.ring.links.some(({ kind }) => kind === 'shortcut')).toBe(true);
    expect(code).toBe(0);
    expect(lab.remains()).toEqual([]);
  });

  it('tells people what happened and what to try, answers questions, and ends on SIGTERM', async () => {
    const { process: child, finished, printed } = lab.start(['lab', '--nodes', '3']);
    const text = await printed('Ctrl-C ends the lab');
    expect(text).toContain('3 nodes, each a process in a network namespace of its own');
    expect(text).toContain('every host reaches every other');
    expect(text).toContain('6 of 6 pairs answered');
    const rules = text.match(/ovs-ofctl -O OpenFlow13 dump-flows (\S+)/)![1]!;
    expect(execFileSync('ovs-ofctl', ['-O', 'OpenFlow13', 'dump-flows', rules], { encoding: 'utf8' })).toContain(
      'table=0',
    );

    const began = performance.now();
    expect(await askNode(lab.directory, 'n2', 'status')).toMatchObject({ name: 'n2', members: 3, settled: true });
    expect(performance.now() - began).toBeLessThan(100);
    expect((await lab.run(['peers', 'n2'])).stdout).toMatch(/^PEER .*\nn[13] /);
    expect(JSON.parse((await lab.run(['macs', 'n2', '--json'])).stdout)).toHaveLength(3);
    expect(await lab.run(['status'])).toMatchObject({
      code: 1,
      stderr: 'ringlet: 3 run here (n1, n2, n3), name one: ringlet status n1\n',
    });
    expect((await lab.run(['status', 'n9'])).stderr).toMatch(/^ringlet: no node or bridge n9 .*n1, n2, n3\n$/);
    expect(await lab.run(['lab', '--once'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^ringlet: a lab is running in this run directory \(process \d+\): .*RINGLET_RUNDIR.*\n$/,
      ),
    });

    child.kill('SIGTERM');
    expect((await finished).code).toBe(0);
    expect(lab.remains()).toEqual([]);
  });

  it.each([100, 700, 1500])('interrupted %i ms after its start, leaves nothing', async (ms) => {
    const { process: child, finished } = lab.start(['lab']);
    await delay(ms);
    child.kill('SIGINT');
    expect((await finished).code).toSatisfy((code) => code === 130 || (code === null && ms === 100));
    expect(lab.remains()).toEqual([]);
  });

  it('that fails with an exception leaves nothing, and says so in one line', async () => {
    const crash = "data:text/javascript,setTimeout(()=>{throw new Error('boom')},1500)";
    const { code, stderr } = await lab.run(['lab'], { nodeArguments: ['--import', crash] });
    expect(code).toBe(70);
    expect(stderr).toMatch(/^ringlet: unexpected: boom - .*please report/m);
    expect(stderr).not.toContain('    at ');
    expect(lab.remains()).toEqual([]);
  });

  it('that is killed is cleaned up by the next one, processes that hang included', async () => {
    const { process: child, finished, printed } = lab.start(['lab', '--nodes', '3']);
    await printed('Ctrl-C ends the lab');
    const children = lab.children();
    expect(children).toHaveLength(4);
    // This one cannot leave by itself.
    process.kill(children[2]!, 'SIGSTOP');
    child.kill('SIGKILL');
    await finished;
    // The others do: their lifeline is cut.
    const processes = () => lab.remains().filter((name) => name.startsWith('process'));
    await waitFor(() => processes().length === 1);
    expect(processes()).toEqual([`process ${children[2]}`]);
    expect(lab.remains()).toHaveLength(1 + 4 + ['lab.json', 'n2.ctl', 'n2.mgmt'].length);
    const again = await lab.run(['lab', '--nodes', '2', '--once', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, echoes: { answered: 2 } });
    expect(lab.remains()).toEqual([]);
  });

  it('measures how the others heal when a node is killed', async () => {
    const { code, stdout, stderr } = await lab.run(['lab', '--nodes', '6', '--kill', 'n3', '--once', '--json']);
    const report: LabReport = JSON.parse(stdout);
    expect(report.failures, stderr).toEqual([]);
    expect(report.heal).toMatchObject({ killed: 'n3', flows: 40, ring: { whole: true } });
    expect(report.heal!.ring.order).toHaveLength(5);
    expect(report.heal!.reachedMs).toBeLessThan(15_000);
    expect(report.heal!.ringMs).toBeLessThan(15_000);
    expect(code).toBe(0);
    expect(lab.remains()).toEqual([]);
  });

  it('says which node did not come up, and why; a stranger keeps its socket', async () => {
    const stranger = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => stranger.listen(join(lab.directory, 'n2.ctl'), resolve));
    const { code, stdout, stderr } = await lab.run(['lab', '--nodes', '2', '--once']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^ringlet: n2 did not come up: a node or bridge named n2 is running/,
    );
    expect(lab.remains()).toEqual(['n2.ctl']);
    await new Promise((resolve) => stranger.close(resolve));
  });

  it('goes on to clean up when nobody reads its report any more', async () => {
    const { process: child, finished } = lab.start(['lab', '--nodes', '2', '--once']);
    child.stdout!.destroy();
    expect(await finished).toMatchObject({ code: 0, stderr: expect.not.stringContaining('EPIPE') });
    expect(lab.remains()).toEqual([]);
  });

  it('lives beside another one in another run directory', async () => {
    const other = new LabRun();
    try {
      const labs = await Promise.all([lab, other].map((each) => each.run(['lab', '--nodes', '2', '--once'])));
      expect(labs.map(({ code }) => code)).toEqual([0, 0]);
      expect([...lab.remains(), ...other.remains()]).toEqual([]);
    } finally {
      await other.end();
    }
  });
});

describe('a lab without root', () => {
  const nobody = 65_534;

  it('runs the nodes in one process, says why, and reaches every pair', async () => {
    const environment = { RINGLET_RUNDIR: lab.openToAll() };
    const { code, stdout, stderr } = await lab.run(['lab', '--once', '--json'], { uid: nobody, environment });
    expect(stderr).toContain('ringlet: no network namespaces: not root (run it with sudo)');
    const report: LabReport = JSON.parse(stdout);
    expect(report.failures, stderr).toEqual([]);
    expect(report).toMatchObject({ ok: true, mode: 'one-process', ring: { whole: true } });
    expect(report.echoes).toMatchObject({ expected: 20, answered: 20 });
    expect(report.flood).toMatchObject({ reached: 5, missing: [] });
    expect(code).toBe(0);
    expect(lab.remains()).toEqual(['theirs']);
  });

  it('cannot kill one of them', async () => {
    const environment = { RINGLET_RUNDIR: lab.openToAll() };
    const { code, stderr } = await lab.run(['lab', '--kill', 'n1'], { uid: nobody, environment });
    expect([code, stderr]).toEqual([
      1,
      'ringlet: --kill takes a process for each node, which cannot be here: not root (run it with sudo)\n',
    ]);
  });
});
