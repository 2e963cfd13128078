import { BadInstructionCode, ErrorType, type Instruction, MeterModFailedCode, PortNo } from '../../ofp/index.ts';
import { type ActionContext, actionRank, compileActions } from '../actions/compile.ts';
import type { CompiledAction } from '../actions/execution.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { MatchFacts } from '../flow/match.ts';
import { split64 } from '../packet/index.ts';
import type { Resources } from '../resources.ts';

/** Tables 0 to 253; 254 is the switch's own, as with Open vSwitch, and 255 means all. */
export const tableCount = 254;

/** The instructions of a flow entry in the order they run in (OpenFlow 1.3 section 5.9), ready to run. */
export interface Program {
  /** Meter that comes first, or 0. */
  readonly meter: number;
  readonly apply: readonly CompiledAction[];
  readonly clear: boolean;
  readonly write: readonly CompiledAction[];
  readonly metadata: MetadataWrite | undefined;
  /** Table to go to, or -1. */
  readonly goto: number;
  /** Groups and meters that it uses. */
  readonly groups: readonly number[];
  readonly meters: readonly number[];
  /** Nothing becomes of a packet but that it goes on to tables and out of ports: the usual case, known beforehand. */
  readonly isPlain: boolean;
}

/** Upper and lower halves: new = (old & ~mask) | value. The value is masked. */
export interface MetadataWrite {
  readonly valueHi: number;
  readonly valueLo: number;
  readonly maskHi: number;
  readonly maskLo: number;
}

interface Draft {
  meter: number;
  apply: readonly CompiledAction[];
  clear: boolean;
  write: readonly CompiledAction[];
  metadata: MetadataWrite | undefined;
  goto: number;
}

interface Place {
  readonly draft: Draft;
  readonly tableId: number;
  readonly context: ActionContext;
}

type InstructionOf<T extends Instruction['type']> = Extract<Instruction, { type: T }>;
type Compilers = { readonly [T in Instruction['type']]?: (instruction: InstructionOf<T>, place: Place) => void };

const compilers: Compilers = {
  applyActions: ({ actions }, { draft, context }) => {
    draft.apply = compileActions(actions, context);
  },
  clearActions: (_instruction, { draft }) => {
    draft.clear = true;
  },
  writeActions: ({ actions }, { draft, context }) => {
    // An action set runs in an order of its own, whatever the order given: so it is checked in that order.
    const ordered = actions.toSorted((a, b) => actionRank(a.type) - actionRank(b.type));
    draft.write = compileActions(ordered, { ...context });
  },
  writeMetadata: ({ metadata, metadataMask }, { draft }) => {
    const [valueHi, valueLo] = split64(metadata & metadataMask);
    const [maskHi, maskLo] = split64(metadataMask);
    draft.metadata = { valueHi, valueLo, maskHi, maskLo };
  },
  gotoTable: ({ tableId: next }, { draft, tableId }) => {
    if (next <= tableId || next >= tableCount) {
      throw refusal(BadInstructionCode.BAD_TABLE_ID, `goto table ${next} from ${tableId}`);
    }
    draft.goto = next;
  },
  meter: ({ meterId }, { draft, context }) => {
    if (!context.resources.hasMeter(meterId)) {
      throw new OpenFlowRefusal(
        ErrorType.METER_MOD_FAILED,
        MeterModFailedCode.INVALID_METER,
        `an instruction to use meter ${meterId}, which does not exist`,
      );
    }
    draft.meter = meterId;
  },
  experimenter: ({ experimenter }) => {
    throw refusal(BadInstructionCode.BAD_EXPERIMENTER, `no instructions of experimenter ${experimenter}`);
  },
};

/** Instructions that compile whatever their arguments; table features list them. */
export const supportedInstructions = [
  'gotoTable',
  'writeMetadata',
  'writeActions',
  'applyActions',
  'clearActions',
  'meter',
] as const;

/** One for all entries, which are many. */
const none: readonly never[] = [];

/** Throws `OpenFlowRefusal` (BAD_INSTRUCTION or BAD_ACTION). `facts`: of the match of the entry. */
export function compileProgram(
  instructions: readonly Instruction[],
  tableId: number,
  facts: MatchFacts,
  resources: Resources,
): Program {
  const draft: Draft = { meter: 0, apply: none, clear: false, write: none, metadata: undefined, goto: -1 };
  const place: Place = { draft, tableId, context: { facts, isPacketOut: false, resources } };
  const seen = new Set<string>();
  // Applied actions may push a tag that written ones then set: they are looked at first whatever the order given.
  const ordered = instructions.toSorted(
    (a, b) => Number(b.type === 'applyActions') - Number(a.type === 'applyActions'),
  );
  for (const instruction of ordered) {
    if (seen.has(instruction.type)) throw refusal(BadInstructionCode.DUP_INST, `${instruction.type} twice`);
    seen.add(instruction.type);
    compileInstruction(instruction, place);
  }
  const { meter, apply, clear, write, metadata, goto } = draft;
  const actions = write.length === 0 ? apply : [...apply, ...write];
  const metered = actions.flatMap((action) => action.meter ?? none);
  const groups = actions.flatMap((action) => action.group ?? none);
  return {
    ...{ meter, apply, clear, write, metadata, goto },
    groups: groups.length > 0 ? groups : none,
    meters: meter > 0 ? [meter, ...metered] : metered.length > 0 ? metered : none,
    isPlain: meter === 0 && actions.every(sendsToPort),
  };
}

/** Whether running the program can send a packet to `port` (the out_port filter of delete and of flow statistics). */
export function outputsTo(program: Program, port: number): boolean {
  const isTo = (action: CompiledAction) => action.outPort === port;
  return program.apply.some(isTo) || program.write.some(isTo);
}

function sendsToPort({ kind, outPort }: CompiledAction): boolean {
  return kind === 'output' && outPort !== PortNo.CONTROLLER;
}

function compileInstruction<T extends Instruction['type']>(instruction: InstructionOf<T>, place: Place): void {
  const compile = compilers[instruction.type as T] as
    | ((instruction: InstructionOf<T>, place: Place) => void)
    | undefined;
  if (!compile) throw refusal(BadInstructionCode.UNKNOWN_INST, `no instruction ${instruction.type}`);
  compile(instruction, place);
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_INSTRUCTION, code, reason);
}
