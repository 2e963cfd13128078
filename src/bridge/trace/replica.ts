import {
  FlowModCommand,
  formatInstructions,
  formatMatch,
  formatMatchWithPriority,
  GroupModCommand,
  GroupNo,
  MeterModCommand,
  MeterNo,
  NO_BUFFER,
  PacketInReason,
  PortNo,
} from '../../../ofp/index.ts';
import { Bridge, type FlowEntry, OpenFlowRefusal } from '../../../switch/index.ts';
import { Packet } from '../../../switch/packet/index.ts';
import type { TraceReport } from '../report.ts';
import { fieldsOf } from './frame-fields.ts';

type Output = TraceReport['outputs'][number];

/** A time that a clock of ours can tell from none. */
const tinyMs = 1e-6;

/**
 * A copy of a bridge, with its rules, groups, meters, ports and the hosts it knows, that sends nothing: it shows what would
 * become of frames. What it learns from them it keeps.
 */
export class Replica {
  readonly bridge: Bridge;
  readonly #entries: readonly FlowEntry[];
  readonly #packet = new Packet();
  #now: number;
  #outputs: Output[] = [];
  #toController: TraceReport['toController'][number][] = [];

  /** `isAlone`: the original forwards on its own. */
  constructor(original: Bridge, isAlone: boolean, now: number) {
    this.#now = now;
    this.bridge = new Bridge({ datapathId: original.datapathId, selfId: original.selfId });
    this.bridge.changeOptions(0, original.optionMappings);
    this.#copyPorts(original);
    this.#copyMeters(original);
    this.#copyGroups(original);
    this.#entries = this.#copyFlows(original);
    this.#copyMacs(original);
    this.bridge.setFragments(original.fragments);
    this.bridge.standAlone(isAlone);
    this.bridge.observe({
      packetIn: ({ reason, frame, maxLen }) => {
        this.#toController.push({
          reason: reasonNames.get(reason) ?? String(reason),
          bytes: Math.min(frame.length, maxLen ?? frame.length),
        });
      },
    });
  }

  /** What becomes of a frame that comes in at a port at `now`, ms; time does not go back. */
  run(inPort: number, frame: Uint8Array, now: number): TraceReport {
    const { bridge } = this;
    // A time of its own for every frame: by it, the entries that it hit are known.
    this.#now = Math.max(now, this.#now + tinyMs);
    this.#outputs = [];
    this.#toController = [];
    const flow = this.#describe(frame, inPort);
    const before = { ...bridge.counters };
    const groupsBefore = this.#groupPackets();
    bridge.receive(inPort, [frame], this.#now);
    const drops = Object.entries(bridge.counters).filter(
      ([name, count]) => count > before[name as keyof typeof before],
    );
    return {
      flow,
      frame: Buffer.from(frame).toString('hex'),
      steps: this.#steps(),
      groups: this.#groupPackets()
        .filter(({ group, packets }) => packets > (groupsBefore.find((other) => other.group === group)?.packets ?? 0))
        .map(({ group }) => group),
      outputs: this.#outputs.sort((a, b) => a.port - b.port),
      toController: this.#toController,
      drops: drops.map(([name]) => name),
    };
  }

  /** Packets only go on to later tables: so the order of tables is that of their way. */
  #steps(): TraceReport['steps'] {
    const hit = this.#entries.filter(({ usedAt }) => usedAt === this.#now).sort((a, b) => a.tableId - b.tableId);
    const steps: { table: number; rule: string | undefined; actions: string }[] = hit.map((entry) => ({
      table: entry.tableId,
      rule: formatMatchWithPriority(entry.match.fields, entry.priority) || 'any',
      actions: formatInstructions(entry.instructions) || 'drop',
    }));
    const wanted = hit.length === 0 ? 0 : hit.at(-1)!.program.goto;
    if (wanted >= 0) steps.push({ table: wanted, rule: undefined, actions: '' });
    return steps;
  }

  #describe(frame: Uint8Array, inPort?: number): string {
    if (!this.#packet.load(frame)) return `${frame.length} bytes that are no Ethernet frame`;
    this.#packet.setContext(inPort ?? 0, 0, 0, 0, 0);
    return formatMatch(fieldsOf(this.#packet).filter(({ field }) => inPort !== undefined || field !== 'in_port'));
  }

  #groupPackets(): { group: number; packets: bigint }[] {
    return this.bridge
      .groupStats(GroupNo.ALL, this.#now)
      .map(({ groupId, packetCount }) => ({ group: groupId, packets: packetCount }));
  }

  #copyPorts(original: Bridge): void {
    for (const { no, name, mac, kind, vlans, config, isLinkUp, isBlocked } of original.ports) {
      if (kind !== 'leaf') continue;
      this.bridge.addPort(
        {
          ...{ no, name, mac, kind, vlans },
          send: (frames) => {
            for (const frame of frames) {
              const hex = Buffer.from(frame).toString('hex');
              this.#outputs.push({ port: no, name, flow: this.#describe(frame), frame: hex });
            }
            return frames.length;
          },
        },
        this.#now,
      );
      this.bridge.changePort({ portNo: no, hwAddr: mac, config, mask: config });
      this.bridge.setLink(no, isLinkUp && !isBlocked);
    }
  }

  #copyMeters(original: Bridge): void {
    for (const { meterId, flags, bands } of original.meterConfig(MeterNo.ALL)) {
      this.bridge.changeMeters({ command: MeterModCommand.ADD, meterId, flags, bands }, this.#now);
    }
  }

  /** A group may use others, which have to be there first. */
  #copyGroups(original: Bridge): void {
    let waiting = original.groupDesc(GroupNo.ALL);
    for (let before = 0; before !== waiting.length; ) {
      before = waiting.length;
      waiting = waiting.filter(({ groupId, groupType, buckets }) => {
        try {
          this.bridge.changeGroups({ command: GroupModCommand.ADD, groupId, groupType, buckets }, this.#now);
          return false;
        } catch (error) {
          if (error instanceof OpenFlowRefusal) return true;
          throw error;
        }
      });
    }
  }

  #copyFlows(original: Bridge): FlowEntry[] {
    for (const { tableId, priority, cookie, match, instructions } of original.flows.entries()) {
      this.bridge.changeFlows(
        {
          ...{ command: FlowModCommand.ADD, tableId, priority, cookie, cookieMask: 0n, idleTimeout: 0, hardTimeout: 0 },
          ...{ bufferId: NO_BUFFER, outPort: PortNo.ANY, outGroup: GroupNo.ANY, flags: 0 },
          ...{ match: match.fields, instructions },
        },
        this.#now,
      );
    }
    return [...this.bridge.flows.entries()];
  }

  /** By a frame of each host. */
  #copyMacs(original: Bridge): void {
    for (const { mac, vlan, portNo, seenAt } of original.macs.entries()) {
      const frame = new Uint8Array(60);
      for (let i = 0; i < 6; i++) frame[6 + i] = Math.floor(mac / 2 ** (40 - 8 * i)) & 0xff;
      this.#packet.load(frame);
      this.bridge.macs.learn(this.#packet, vlan, portNo, seenAt);
    }
  }
}

const reasonNames: ReadonlyMap<number, string> = new Map([
  [PacketInReason.NO_MATCH, 'no match'],
  [PacketInReason.ACTION, 'action'],
  [PacketInReason.INVALID_TTL, 'invalid ttl'],
]);
