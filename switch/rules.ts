import { flowWithOptionLengths, groupWithOptionLengths } from './actions/option-lengths.ts';
import { type FlowChange, type FlowChangedSink, type FlowRemovedSink, FlowTables } from './flow/flow-tables.ts';
import { type GroupChange, GroupTable } from './group/group-table.ts';
import type { Journal } from './journal.ts';
import { type MeterChange, MeterTable } from './meter/meter-table.ts';
import type { Resources } from './resources.ts';
import { TunnelOptions } from './tunnel-options.ts';

/** Whom rules tell, and whom they ask. */
export interface RulesParts {
  /** 32 bits of this switch's own: flows that it shares among next hops are shared otherwise at those. */
  readonly salt: number;
  readonly journal: Journal;
  readonly isPortLive: (no: number) => boolean;
  readonly isPortUp: (no: number) => boolean;
  readonly flowRemoved: FlowRemovedSink;
  readonly flowChanged: FlowChangedSink;
}

/** All that controllers put into a switch: flow tables, groups, meters and tunnel options, which refer to each other. */
export class Rules {
  readonly tables: FlowTables;
  readonly groups: GroupTable;
  readonly meters: MeterTable;
  readonly options: TunnelOptions;
  readonly resources: Resources;

  constructor({ salt, journal, isPortLive, isPortUp, flowRemoved, flowChanged }: RulesParts) {
    this.resources = {
      hasGroup: (id) => this.groups.get(id) !== undefined,
      hasMeter: (id) => this.meters.get(id) !== undefined,
      option: (index) => this.options.place(index),
    };
    this.options = new TunnelOptions(
      (index) => this.tables.usesField(`tun_metadata${index}`) || this.groups.usesField(`tun_metadata${index}`),
    );
    this.groups = new GroupTable({ resources: this.resources, salt, isPortLive, isPortUp, journal });
    this.meters = new MeterTable(journal);
    this.tables = new FlowTables(flowRemoved, journal, this.resources, flowChanged);
  }

  /** Each throws `OpenFlowRefusal`, and nothing is changed then. */
  changeFlows(change: FlowChange, now: number): void {
    this.tables.change(this.options.isEmpty ? change : flowWithOptionLengths(change, this.resources), now);
  }

  /** Flows that use a deleted group go with it. */
  changeGroups(change: GroupChange, now: number): void {
    const fitting = this.options.isEmpty ? change : groupWithOptionLengths(change, this.resources);
    this.tables.dropGroupUsers(this.groups.change(fitting, now), now);
  }

  /** Flows that use a deleted meter go with it. */
  changeMeters(change: MeterChange, now: number): void {
    this.tables.dropMeterUsers(this.meters.change(change, now), now);
  }
}
