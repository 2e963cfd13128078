/** A command that the stand-ins do not know, or cannot carry out. */
export class SuiteError extends Error {
  readonly code = 'OFPROTO_SUITE';

  constructor(reason: string) {
    super(reason);
    this.name = 'SuiteError';
  }
}
