import {
  type Action,
  FlowModCommand,
  FlowRemovedReason,
  GroupModCommand,
  GroupNo,
  GroupType,
  type Instruction,
  type OxmField,
  PortNo,
} from '../../ofp/index.ts';
import type { FlowChange, GroupChange } from '../../switch/index.ts';

/** What the actions of the model can change of a frame. */
export interface Letter {
  readonly dst: number;
  readonly src: number;
}

/** A frame that left a port. */
export interface Sent extends Letter {
  readonly port: number;
}

interface ModelFlow {
  readonly table: number;
  readonly priority: number;
  readonly match: readonly OxmField[];
  readonly cookie: bigint;
  readonly idle: number;
  readonly hard: number;
  readonly created: number;
  used: number;
  packets: number;
  instructions: readonly Instruction[];
}

interface ModelGroup {
  readonly type: number;
  readonly buckets: readonly { readonly watch: number; readonly actions: readonly Action[] }[];
  packets: number;
  bucketPackets: number[];
}

/** One frame on its way through the model. */
interface Way {
  readonly inPort: number;
  letter: Letter;
}

/** The rules of a switch over plain lists, as slow and as plain as can be. */
export class BridgeModel {
  flows: ModelFlow[] = [];
  readonly groups = new Map<number, ModelGroup>();
  readonly down = new Set<number>();
  readonly removed: string[] = [];
  sent: Sent[] = [];

  changeFlows(mod: FlowChange, now: number): boolean {
    const isDelete = mod.command >= FlowModCommand.DELETE;
    if (!isDelete && groupsOf(actionsOf(mod.instructions)).some((id) => !this.groups.has(id))) return false;
    const isSelected = (flow: ModelFlow) => flow.table === mod.tableId && covers(mod.match, flow.match);
    if (mod.command === FlowModCommand.ADD) return this.#add(mod, now);
    if (mod.command === FlowModCommand.MODIFY) {
      for (const flow of this.flows) if (isSelected(flow)) flow.instructions = mod.instructions;
      return true;
    }
    this.#remove((flow) => {
      const actions = actionsOf(flow.instructions);
      const hasPort = mod.outPort === PortNo.ANY || actions.some((a) => a.type === 'output' && a.port === mod.outPort);
      const hasGroup = mod.outGroup === GroupNo.ANY || groupsOf(actions).includes(mod.outGroup);
      return isSelected(flow) && hasPort && hasGroup ? FlowRemovedReason.DELETE : undefined;
    });
    return true;
  }

  /** Two entries of one priority that a frame could match both are refused: which one it would take is not laid down. */
  #add(mod: FlowChange, now: number): boolean {
    const { tableId: table, priority, match, cookie, instructions, idleTimeout: idle, hardTimeout: hard } = mod;
    const isRival = (flow: ModelFlow) => flow.table === table && flow.priority === priority;
    if (this.flows.some((flow) => isRival(flow) && overlap(flow.match, match))) return false;
    this.flows.push({
      ...{ table, priority, match, cookie, instructions, idle, hard },
      ...{ created: now, used: now, packets: 0 },
    });
    return true;
  }

  changeGroups(mod: GroupChange): boolean {
    const old = this.groups.get(mod.groupId);
    if (mod.command === GroupModCommand.DELETE) {
      if (!old) return true;
      const isChained = [...this.groups].some(
        ([id, group]) =>
          id !== mod.groupId && groupsOf(group.buckets.flatMap(({ actions }) => actions)).includes(mod.groupId),
      );
      if (isChained) return false;
      this.groups.delete(mod.groupId);
      this.#remove((flow) =>
        groupsOf(actionsOf(flow.instructions)).includes(mod.groupId) ? FlowRemovedReason.GROUP_DELETE : undefined,
      );
      return true;
    }
    const isAdd = mod.command === GroupModCommand.ADD;
    if (isAdd === (old !== undefined)) return false;
    const buckets = mod.buckets.map(({ watchPort, actions }) => ({ watch: watchPort, actions }));
    if (mod.groupType === GroupType.INDIRECT && buckets.length !== 1) return false;
    const targets = groupsOf(buckets.flatMap(({ actions }) => actions));
    const isKnown = (id: number) => this.groups.has(id);
    if (!targets.every(isKnown) || targets.some((id) => this.#reaches(id, mod.groupId))) return false;
    this.groups.set(mod.groupId, {
      ...{ type: mod.groupType, buckets, packets: old?.packets ?? 0 },
      bucketPackets: buckets.map(() => 0),
    });
    return true;
  }

  #reaches(from: number, to: number): boolean {
    if (from === to) return true;
    const buckets = this.groups.get(from)?.buckets ?? [];
    return groupsOf(buckets.flatMap(({ actions }) => actions)).some((next) => this.#reaches(next, to));
  }

  expire(now: number): void {
    this.#remove((flow) => {
      if (flow.hard > 0 && now >= flow.created + flow.hard * 1000) return FlowRemovedReason.HARD_TIMEOUT;
      return flow.idle > 0 && now >= flow.used + flow.idle * 1000 ? FlowRemovedReason.IDLE_TIMEOUT : undefined;
    });
  }

  receive(inPort: number, letter: Letter, now: number): void {
    const way: Way = { inPort, letter };
    let set: Action[] = [];
    let table = 0;
    while (table >= 0) {
      const flow = this.flows
        .filter((each) => each.table === table && each.match.every((field) => hasField(way, field)))
        .sort((a, b) => b.priority - a.priority)[0];
      if (!flow) return;
      flow.packets += 1;
      flow.used = now;
      for (const action of actionsOf(flow.instructions, 'applyActions')) this.#act(way, action);
      if (flow.instructions.some(({ type }) => type === 'clearActions')) set = [];
      set.push(...actionsOf(flow.instructions, 'writeActions'));
      const goto = flow.instructions.find((each) => each.type === 'gotoTable');
      table = goto?.type === 'gotoTable' ? goto.tableId : -1;
    }
    this.#actAsSet(way, set);
  }

  /** The last of each kind; fields first, then a group or else an output. */
  #actAsSet(way: Way, actions: readonly Action[]): void {
    const last = (isWanted: (action: Action) => boolean) => actions.findLast(isWanted);
    const field = (name: string) => last((a) => a.type === 'setField' && a.field.field === name);
    const way2 = last(({ type }) => type === 'group') ?? last(({ type }) => type === 'output');
    for (const action of [field('eth_dst'), field('eth_src'), way2]) if (action) this.#act(way, action);
  }

  #act(way: Way, action: Action): void {
    if (action.type === 'output') this.#output(way, action.port);
    if (action.type === 'group') this.#group(way, action.groupId);
    if (action.type === 'setField' && action.field.field === 'eth_dst') {
      way.letter = { ...way.letter, dst: action.field.value[5]! };
    }
    if (action.type === 'setField' && action.field.field === 'eth_src') {
      way.letter = { ...way.letter, src: action.field.value[5]! };
    }
  }

  #output(way: Way, port: number): void {
    const to = port === PortNo.IN_PORT ? way.inPort : port;
    if ((port !== PortNo.IN_PORT && port === way.inPort) || this.down.has(to)) return;
    this.sent.push({ port: to, ...way.letter });
  }

  #group(way: Way, id: number): void {
    const group = this.groups.get(id)!;
    group.packets += 1;
    const isLive = (watch: number) => watch === PortNo.ANY || !this.down.has(watch);
    const live = group.buckets.findIndex(({ watch }) => isLive(watch));
    group.buckets.forEach(({ actions }, i) => {
      if (group.type === GroupType.FF && i !== live) return;
      group.bucketPackets[i]! += 1;
      this.#actAsSet({ ...way }, actions);
    });
  }

  #remove(reasonOf: (flow: ModelFlow) => number | undefined): void {
    this.flows = this.flows.filter((flow) => {
      const reason = reasonOf(flow);
      if (reason !== undefined) this.removed.push(`${flow.cookie} ${reason}`);
      return reason === undefined;
    });
  }
}

function actionsOf(instructions: readonly Instruction[], wanted?: string): Action[] {
  return instructions.flatMap((each) => {
    const isList = each.type === 'applyActions' || each.type === 'writeActions';
    return isList && (wanted === undefined || wanted === each.type) ? each.actions : [];
  });
}

function groupsOf(actions: readonly Action[]): number[] {
  return actions.flatMap((action) => (action.type === 'group' ? action.groupId : []));
}

/** A field that the model's matches use, as what is compared and with what. */
function constraint(field: OxmField): { readonly mask: number; readonly value: number } {
  if (field.field === 'in_port') return { mask: 0xff, value: field.value };
  if (field.field === 'eth_dst') return { mask: field.mask?.[5] ?? 0xff, value: field.value[5]! };
  throw new Error(`no ${field.field} in the model`);
}

function hasField({ inPort, letter }: Way, field: OxmField): boolean {
  const { mask, value } = constraint(field);
  return ((field.field === 'in_port' ? inPort : letter.dst) & mask) === value;
}

function covers(wide: readonly OxmField[], narrow: readonly OxmField[]): boolean {
  return wide.every((field) => {
    const other = narrow.find((each) => each.field === field.field);
    if (!other) return false;
    const [a, b] = [constraint(field), constraint(other)];
    return (a.mask & b.mask) === a.mask && (b.value & a.mask) === a.value;
  });
}

function overlap(a: readonly OxmField[], b: readonly OxmField[]): boolean {
  return a.every((field) => {
    const other = b.find((each) => each.field === field.field);
    if (!other) return true;
    const [left, right] = [constraint(field), constraint(other)];
    return ((left.value ^ right.value) & left.mask & right.mask) === 0;
  });
}
