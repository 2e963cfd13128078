import {
  GroupModCommand,
  GroupNo,
  GroupType,
  type Message,
  MeterModCommand,
  type OxmField,
  PortNo,
  PortReason,
} from '../../../ofp/index.ts';
import type { OverlayController } from '../overlay.ts';
import type { SwitchView } from '../pipeline.ts';
import type { PortNames } from '../ports.ts';
import type { GroupChange, MeterChange, PacketOut, SwitchChange } from '../rules.ts';
import type { App, PacketIn } from '../runtime/app.ts';
import type { Meter } from '../runtime/requests.ts';
import { type FlowChange, keyOf, type Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { Labels } from './labels.ts';
import {
  type LabelContext,
  labelledActions,
  labelRules,
  nameIn,
  type PortKind,
  portRule,
  rulesOf,
  tableCount,
  tableShift,
} from './rules.ts';

export interface OverlayAppOptions {
  readonly self: bigint;
  readonly ports: PortNames;
  /** What this switch is to do, as for a switch of ours. */
  readonly overlay: (send: (changes: readonly SwitchChange[]) => void) => OverlayController;
}

type Take = { readonly [T in SwitchChange['type']]: (change: Extract<SwitchChange, { type: T }>) => void };

/**
 * Drives an Open vSwitch as a switch of the overlay: what the controller of an overlay's switch says in terms of a switch of ours
 * is said in rules that read and write labels.
 */
export class OverlayApp implements App {
  readonly name = 'overlay';
  readonly owner = 5;
  readonly tables = tableCount;
  readonly needsStages = true;
  readonly overlay: OverlayController;
  readonly #options: OverlayAppOptions;
  readonly #rules = new Map<string, Rule>();
  readonly #meters = new Map<number, Meter>();
  readonly #groups = new Map<number, GroupChange>();
  readonly #kinds = new Map<number, PortKind>();
  readonly #labels: Labels;
  readonly #context: LabelContext;
  readonly #take: Take;
  #switch: ManagedSwitch | undefined;

  constructor(options: OverlayAppOptions) {
    this.#options = options;
    this.#labels = new Labels((id, label) => {
      for (const rule of labelRules(this.owner, id, label)) this.#remove(rule);
    });
    this.#context = {
      owner: this.owner,
      isLink: (port) => this.#kinds.get(port) === 'link',
      label: (switchId) => this.labelOf(switchId),
    };
    this.#take = {
      flowMod: (change) => this.#flow(change),
      groupMod: (change) => this.#group(change),
      meterMod: (change) => this.#meter(change),
      packetOut: (change) => this.#packetOut(change),
    };
    this.overlay = options.overlay((changes) => {
      for (const change of changes) (this.#take[change.type] as (change: SwitchChange) => void)(change);
    });
  }

  get meters(): readonly Meter[] {
    return [...this.#meters.values()];
  }

  get rules(): Iterable<Rule> {
    return this.#rules.values();
  }

  get isConnected(): boolean {
    return this.#switch?.isConnected ?? false;
  }

  /** The number of a port that the switch has. */
  portNo(name: string): number | undefined {
    for (const port of this.#switch?.ports.values() ?? []) if (port.name === name) return port.no;
    return undefined;
  }

  /** Members of the overlay have labels as long as they are. */
  keepLabels(members: SwitchView['members']): void {
    this.#labels.keep(members);
    for (const id of members) this.labelOf(id);
  }

  /** Frames from this switch bear it; a rule that says so is on its way to the Open vSwitch. */
  labelOf(switchId: bigint): number {
    const { label, isNew } = this.#labels.of(switchId);
    if (isNew) for (const rule of labelRules(this.owner, switchId, label)) this.#put(rule);
    return label;
  }

  hasLabel(switchId: bigint): boolean {
    return this.#labels.has(switchId);
  }

  switchOf(label: number): bigint | undefined {
    return this.#labels.switchOf(label);
  }

  /** Puts a labelled frame into the pipeline as if it had come in at a port. False: the Open vSwitch cannot be told now. */
  inject(frame: Uint8Array, port: number): boolean {
    const actions = [{ type: 'output', port: PortNo.TABLE, maxLen: 0 } as const];
    return this.#switch?.voice?.packetOut(port, { actions, data: frame }) ?? false;
  }

  /** Calls `done` once what was sent so far is carried out, or never will be. False: the Open vSwitch cannot be asked now. */
  barrier(now: number, done: () => void): boolean {
    const voice = this.#switch?.voice;
    voice?.barrier(now, done);
    return voice !== undefined;
  }

  /** Takes everything back. */
  clear(now: number, done: () => void): void {
    const sw = this.#switch;
    if (sw?.voice === undefined) {
      done();
      return;
    }
    for (const rule of this.#rules.values()) sw.rules.sendRemoval(rule);
    for (const { meterId, flags } of this.#meters.values()) {
      sw.voice.change({ type: 'meterMod', command: MeterModCommand.DELETE, meterId, flags, bands: [] });
    }
    sw.voice.change(withoutGroup(GroupNo.ALL));
    sw.voice.barrier(now, done);
  }

  place(): void {}

  connected(sw: ManagedSwitch): void {
    // What a killed run left. No rule that is wanted at first has any.
    if (this.#switch === undefined) sw.voice?.change(withoutGroup(GroupNo.ALL));
    this.#switch = sw;
    for (const group of this.#groups.values()) sw.voice?.change(group);
    for (const no of [...this.#kinds.keys()]) if (!sw.ports.has(no)) this.#forgetPort(no);
    for (const { no, name } of sw.ports.values()) this.#notePort(no, name);
    this.overlay.reconnected([...sw.ports.values()].map(({ no, name }) => ({ portNo: no, name })));
  }

  rulesBesides(): Iterable<Rule> {
    return this.#rules.values();
  }

  portChanged(sw: ManagedSwitch, no: number): void {
    const port = sw.ports.get(no);
    if (port === undefined) {
      this.overlay.portStatus({ reason: PortReason.DELETE, desc: { portNo: no, name: '' } });
      this.#forgetPort(no);
    } else {
      this.#notePort(no, port.name);
      this.overlay.portStatus({ reason: PortReason.MODIFY, desc: { portNo: no, name: port.name } });
    }
  }

  packetIn(_sw: ManagedSwitch, { match, cookie, data }: PacketIn, _inPort: number, now: number): boolean {
    this.overlay.packetIn({ match, cookie: nameIn(cookie ?? 0n), data }, now);
    return true;
  }

  ruleGone(_sw: ManagedSwitch, { tableId, reason, match }: Message<'flowRemoved'>, now: number): void {
    this.overlay.flowRemoved({ tableId: tableId - tableShift, reason, match }, now);
  }

  #notePort(no: number, name: string): void {
    const { flood, isLeaf } = this.#options.ports;
    const kind = name === flood ? 'flood' : isLeaf(name) ? 'leaf' : 'link';
    this.#kinds.set(no, kind);
    this.#put(portRule(this.owner, no, kind, this.#options.self));
  }

  #forgetPort(no: number): void {
    const kind = this.#kinds.get(no);
    if (kind === undefined) return;
    this.#kinds.delete(no);
    this.#remove(portRule(this.owner, no, kind, this.#options.self));
  }

  #flow(change: FlowChange): void {
    const rule = ruleIn(change);
    const rules = rulesOf(rule, this.#context);
    if (change.command !== 0) for (const each of rules) this.#remove(each);
    // The switch drops it by itself.
    else if (rule.idleTimeout === 0 && rule.hardTimeout !== 0) for (const each of rules) this.#switch?.rules.send(each);
    else for (const each of rules) this.#put(each);
  }

  #put(rule: Rule): void {
    this.#rules.set(keyOf(rule), rule);
    this.#switch?.rules.send(rule);
  }

  #remove(rule: Rule): void {
    if (this.#rules.delete(keyOf(rule))) this.#switch?.rules.sendRemoval(rule);
  }

  #meter({ command = MeterModCommand.ADD, meterId, flags = 0, bands }: MeterChange): void {
    const meter = { meterId, flags, bands: bands as Meter['bands'] };
    if (command === MeterModCommand.DELETE) this.#meters.delete(meterId);
    else this.#meters.set(meterId, meter);
    this.#switch?.voice?.change({ type: 'meterMod', command, ...meter });
  }

  /** Whatever the switch holds already. */
  #group(change: GroupChange): void {
    const { command, groupId } = change;
    if (command !== GroupModCommand.ADD) {
      this.#groups.delete(groupId);
      this.#switch?.voice?.change(change);
      return;
    }
    const group = { ...change, command: GroupModCommand.ADD_OR_MOD };
    this.#groups.set(groupId, group);
    this.#switch?.voice?.change(group);
  }

  #packetOut({ inPort = PortNo.CONTROLLER, actions, data = new Uint8Array() }: PacketOut): void {
    this.#switch?.packetOut(inPort, { actions: labelledActions(actions, this.#context), data });
  }
}

function withoutGroup(groupId: number): GroupChange {
  return { type: 'groupMod', command: GroupModCommand.DELETE, groupType: GroupType.ALL, groupId, buckets: [] };
}

function ruleIn({ tableId = 0, priority, cookie = 0n, match, instructions, ...times }: FlowChange): Rule {
  const { idleTimeout = 0, hardTimeout = 0 } = times;
  return {
    ...{ table: tableId, priority: priority ?? 0, cookie, match: match as OxmField[] },
    ...{ instructions: instructions ?? [], idleTimeout, hardTimeout },
  };
}
