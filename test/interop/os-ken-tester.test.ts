import { expect, it } from 'vitest';
import { OXM_FIELDS } from '../../ofp/tables/oxm.ts';
import { runTester } from './support/os-ken-tester.ts';
import { actionCases, fieldCases, fieldsOfCases } from './support/tester-cases.ts';

/** Longer than it takes on a machine that is busy otherwise. */
const timeLimit = 300_000;

it('there are cases for every field of OpenFlow 1.3 that a frame can be told by', () => {
  const basic = Object.entries(OXM_FIELDS).filter(([, info]) => info.class === 0x8000 && info.since <= 4);
  // The physical port is the port: there are no ports over ports here.
  const wanted = basic.map(([name]) => name).filter((name) => name !== 'in_phy_port');
  expect(fieldsOfCases.toSorted()).toEqual(wanted.toSorted());
});

it.each([
  ['1.3', [...fieldCases(), ...actionCases()]],
  ['1.4', actionCases()],
] as const)(
  "os-ken's switch tester passes the bridge in OpenFlow %s",
  async (version, cases) => {
    const { passed, failed, printed } = await runTester(cases, version);
    console.log(`os-ken's switch tester, OpenFlow ${version}: passes ${passed.length} of ${cases.length} cases`);
    expect(failed).toEqual([]);
    expect(passed.length, printed.slice(-2000)).toBe(cases.length);
  },
  timeLimit,
);
