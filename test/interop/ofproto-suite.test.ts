import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  appctlCases,
  internalCases,
  OfprotoSuite,
  ofctlCases,
  type SuiteRun,
} from '../../tools/ofproto-suite/index.ts';
import { passing } from './support/ofproto-passing.ts';

/** Several minutes on a machine that is busy otherwise. */
const timeLimit = 900_000;

let suite: OfprotoSuite;
let run: SuiteRun;

beforeAll(async () => {
  suite = await OfprotoSuite.unpack();
  run = await suite.run([...ofctlCases, ...appctlCases]);
}, timeLimit);

afterAll(() => suite?.close(), timeLimit);

const passed = (titles: readonly string[]) => titles.filter((title) => run.verdicts.get(title) === 'ok');

describe("Open vSwitch's test suite", () => {
  it('passes as many cases as are known to, and more', async () => {
    const all = passed([...ofctlCases, ...appctlCases]);
    const counts = [
      `${passed(ofctlCases).length} of ${ofctlCases.length} that need ovs-ofctl only`,
      `${passed(appctlCases).length} of ${appctlCases.length} that need ovs-appctl too`,
    ];
    console.log(`ofproto suite: passes ${counts.join(', ')}; ${internalCases.length} look into Open vSwitch itself`);
    const news = all.filter((title) => !passing.includes(title));
    if (news.length > 0) console.log(`new among them: ${news.join('; ')}`);
    expect(passing.filter((title) => !all.includes(title))).toEqual([]);
  });
});
