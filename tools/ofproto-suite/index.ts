/** Open vSwitch's own tests, run against this bridge. */
export { appctlCases, internalCases, ofctlCases } from './cases.ts';
export { SuiteError } from './errors.ts';
export { OfprotoSuite, type SuiteRun, type Verdict } from './suite.ts';
