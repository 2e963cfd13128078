import { ActionRank, type CompiledAction } from './execution.ts';

/** The actions that a packet gathers on its way, one of each kind, and runs at its end (OpenFlow 1.3 section 5.10). */
export class ActionSet {
  readonly #byKind = new Map<string, CompiledAction>();

  get isEmpty(): boolean {
    return this.#byKind.size === 0;
  }

  clear(): void {
    if (this.#byKind.size > 0) this.#byKind.clear();
  }

  /** A later action of a kind replaces the earlier one. */
  write(actions: readonly CompiledAction[]): void {
    for (const action of actions) this.#byKind.set(action.kind, action);
  }

  /** Empties the set and gives what was in it, in the order that the specification lays down. */
  take(): CompiledAction[] {
    const actions = inOrder(this.#byKind);
    this.#byKind.clear();
    return actions;
  }
}

/** A list of actions as the action set that it stands for, in order: a bucket's actions are one (section 5.6.1). */
export function orderedSet(actions: readonly CompiledAction[]): CompiledAction[] {
  return inOrder(new Map(actions.map((action) => [action.kind, action])));
}

/** A group makes an output in the same set meaningless. */
function inOrder(byKind: ReadonlyMap<string, CompiledAction>): CompiledAction[] {
  const actions = [...byKind.values()].sort((a, b) => a.rank - b.rank);
  const hasGroup = actions.some(({ rank }) => rank === ActionRank.GROUP);
  return hasGroup ? actions.filter(({ rank }) => rank !== ActionRank.OUTPUT) : actions;
}
