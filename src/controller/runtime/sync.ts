import type { CommitOutcome, Message, Outgoing, Session } from '../../../ofp/index.ts';

/** The first version with bundles, as an extension. */
const version13 = 4;
const bundleId = 1;

export type Refusals = readonly Message<'error'>[];

/**
 * Makes changes in a switch: at once, where it has bundles, otherwise one after the other with a barrier behind them. `done` hears
 * what was refused, or nothing when the connection ended first.
 */
export function applyChanges(
  session: Session,
  changes: readonly Outgoing[],
  now: number,
  done: (refused: Refusals | undefined) => void,
): void {
  const oneByOne = () =>
    session.commit(changes, session.now, (outcome: CommitOutcome) =>
      done(outcome.kind === 'done' ? [...outcome.refused.values()] : undefined),
    );
  if (changes.length === 0) done([]);
  else if (session.version < version13) oneByOne();
  else {
    session.commitBundle(bundleId, changes, now, (outcome) => {
      if (outcome.kind === 'reply') done([]);
      // A switch without bundles; or one that takes some of the changes, and says which it does not.
      else oneByOne();
    });
  }
}
