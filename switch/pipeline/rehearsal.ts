import { GroupType, PortNo } from '../../ofp/index.ts';
import { ActionSet } from '../actions/action-set.ts';
import type { CompiledAction, Execution } from '../actions/execution.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import type { FlowTables } from '../flow/flow-tables.ts';
import type { GroupTable } from '../group/group-table.ts';
import type { MeterTable } from '../meter/meter-table.ts';
import { ethernetHeaderLength, IpProto, KeyWord, Packet, vlanTagLength } from '../packet/index.ts';

/** What a frame may meet on its way. */
interface Parts {
  readonly tables: FlowTables;
  readonly groups: GroupTable;
  readonly meters: MeterTable;
}

/** Headers end before, or the frame is an odd one. */
const headLength = 256;
/** Behind more VLAN tags than these, the kernel does not find what is to be cut. */
const maxTags = 8;
/** Groups within groups. */
const depthLimit = 32;

const fields = ['eth_src', 'eth_dst', 'vlan_vid', 'vlan_pcp', 'ip_dscp', 'ip_ecn', 'metadata', 'tunnel_id'];

/** Kinds of actions that do to a super-frame what they would do to each segment: they leave checksums of transports alone. */
const harmless: ReadonlySet<string> = new Set([
  ...['output', 'group', 'meter', 'setQueue', 'pushVlan', 'popVlan', 'setVlanVid', 'setVlanPcp'],
  ...fields.map((field) => `set ${field}`),
]);

/**
 * Finds out whether a frame that is not finished may go through the pipeline as it is: follows its way through the tables
 * with a copy of its headers, and changes nothing else. It may not where an action of another kind would be done, a
 * controller would see it, or a meter would rather judge its segments.
 */
export class Rehearsal implements Execution {
  readonly packet = new Packet();
  readonly stack: bigint[] = [];
  stopped = false;
  readonly #parts: Parts;
  readonly #actionSet = new ActionSet();
  #isAlone = false;
  #entry: FlowEntry | undefined;
  #depth = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  // HOT PATH
  /** `isAlone`: see `Pipeline`. */
  passesWhole(frame: Uint8Array, inPort: number, isAlone: boolean): boolean {
    const { packet } = this;
    packet.load(frame.length > headLength ? frame.subarray(0, headLength) : frame);
    if (packet.l4At < 0 || (packet.ipProto !== IpProto.TCP && packet.ipProto !== IpProto.UDP)) return false;
    packet.setContext(inPort, 0, 0, 0, 0);
    this.stopped = false;
    this.#isAlone = isAlone;
    this.#depth = 0;
    this.#actionSet.clear();
    for (let tableId = 0; tableId >= 0 && !this.stopped; ) {
      packet.refresh();
      const entry = this.#parts.tables.table(tableId)?.peek(packet.key);
      if (!entry) break;
      this.#entry = entry;
      tableId = entry.program.goto;
      this.#runProgram(entry);
    }
    this.#runList(this.#actionSet.take());
    return !this.stopped;
  }

  output(port: number): void {
    if (this.packet.l3At > ethernetHeaderLength + maxTags * vlanTagLength) this.stopped = true;
    if (port !== PortNo.CONTROLLER) return;
    const { priority = 0, match } = this.#entry ?? {};
    // As in the pipeline, the table-miss entry has others do it that are not there.
    const isMiss = priority === 0 && match?.fields.length === 0;
    if (!this.#isAlone || !isMiss) this.stopped = true;
  }

  toController(): void {
    this.stopped = true;
  }

  invalidTtl(): void {
    this.stopped = true;
  }

  meter(id: number): void {
    if (this.#parts.meters.get(id)?.takesWhole === false) this.stopped = true;
  }

  group(id: number): void {
    const { groups } = this.#parts;
    const group = groups.get(id);
    if (!group || this.#depth >= depthLimit) return;
    this.#depth += 1;
    if (group.type === GroupType.ALL || group.type === GroupType.INDIRECT) {
      for (const bucket of group.buckets) this.#onCopy(bucket.program);
    } else {
      this.packet.refresh();
      const bucket = groups.choose(group, this.packet);
      if (bucket) this.#onCopy(bucket.program);
    }
    this.#depth -= 1;
  }

  #onCopy(program: readonly CompiledAction[]): void {
    const { packet } = this;
    const { key } = packet;
    const frame = packet.share();
    const [inPort, hi, lo] = [key[KeyWord.IN_PORT]!, key[KeyWord.METADATA]!, key[KeyWord.METADATA + 1]!];
    const [tunnelHi, tunnelLo] = [key[KeyWord.TUNNEL_ID]!, key[KeyWord.TUNNEL_ID + 1]!];
    this.#runList(program);
    packet.restore(frame);
    packet.setContext(inPort, hi, lo, tunnelHi, tunnelLo);
  }

  #runProgram({ program: { meter, apply, clear, write, metadata } }: FlowEntry): void {
    if (meter > 0) this.meter(meter);
    this.#runList(apply);
    if (clear) this.#actionSet.clear();
    this.#actionSet.write(write);
    if (!metadata) return;
    const { key } = this.packet;
    key[KeyWord.METADATA] = (key[KeyWord.METADATA]! & ~metadata.maskHi) | metadata.valueHi;
    key[KeyWord.METADATA + 1] = (key[KeyWord.METADATA + 1]! & ~metadata.maskLo) | metadata.valueLo;
  }

  #runList(actions: readonly CompiledAction[]): void {
    for (let i = 0; i < actions.length && !this.stopped; i++) {
      const action = actions[i]!;
      if (harmless.has(action.kind)) action.run(this);
      else this.stopped = true;
    }
  }
}
