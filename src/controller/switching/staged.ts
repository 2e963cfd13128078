import { type Instruction, type Message, type OxmField, PortNo } from '../../../ofp/index.ts';
import type { PacketIn, Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import { inOrder, type Rule, ruleKey } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { type LearnedHost, macAt, macBytes, type SwitchHosts } from './hosts.ts';
import { ageSeconds, priorities, type Scheme } from './scheme.ts';

/** Bytes of a frame that the controller needs to see. */
const headerBytes = 64;
/** Rules are on their way for so long, ms; a host that turns up later lacks them. */
const underwayMs = 20;

/**
 * Two tables: frames of unknown hosts are copied to the controller and go on, so that none waits for it.
 *
 *     source       100  known host at its port        on
 *                   50  banned port                   dropped, for a while
 *                    0                                to the controller, and on
 *     destination  100  known host                    its port
 *                    0                                all ports that forward
 */
export class StagedScheme implements Scheme {
  readonly #cookie: bigint;
  readonly #source: number;
  readonly #destination: number;
  readonly #goOn: readonly Instruction[];
  readonly #miss: Rule;

  constructor(owner: number, { table }: Stage) {
    this.#cookie = cookieOf(owner);
    this.#source = table;
    this.#destination = table + 1;
    this.#goOn = [{ type: 'gotoTable', tableId: this.#destination }];
    const tell: Instruction = {
      type: 'applyActions',
      actions: [{ type: 'output', port: PortNo.CONTROLLER, maxLen: headerBytes }],
    };
    this.#miss = this.#rule(this.#source, priorities.miss, [], [tell, ...this.#goOn]);
  }

  *read(held: readonly Rule[]): Iterable<{ mac: number; port: number }> {
    for (const { table, priority, match } of held) {
      if (table !== this.#source || priority !== priorities.host) continue;
      const [source, inPort] = inOrder(match);
      if (source?.field !== 'eth_src' || inPort?.field !== 'in_port') continue;
      yield { mac: macAt(source.value, 0), port: inPort.value };
    }
  }

  begin(sw: ManagedSwitch, hosts: SwitchHosts): void {
    sw.rules.put(this.#miss);
    this.forwardingChanged(sw);
    for (const host of hosts.all) for (const rule of this.#rulesOf(host)) sw.rules.put(rule);
  }

  forwardingChanged(sw: ManagedSwitch): void {
    const actions = [...sw.forwarding].sort((a, b) => a - b).map((port) => output(port));
    sw.rules.put(this.#rule(this.#destination, priorities.miss, [], [{ type: 'applyActions', actions }]));
  }

  learned(sw: ManagedSwitch, host: LearnedHost, before: number | undefined): void {
    // The rule that stops the copies comes last, so that none is missing once there are no more.
    for (const rule of this.#rulesOf(host)) sw.rules.put(rule);
    if (before !== undefined) sw.rules.removeKey(this.#sourceKey(macBytes(host.mac), before));
  }

  forgotten(sw: ManagedSwitch, host: LearnedHost): void {
    for (const rule of this.#rulesOf(host)) sw.rules.remove(rule);
  }

  /** Its rules were lost, or are still on their way. */
  frame(sw: ManagedSwitch, _hosts: SwitchHosts, source: LearnedHost, _message: PacketIn, now: number): void {
    if (now - source.sentAt < underwayMs) return;
    source.sentAt = now;
    for (const rule of this.#rulesOf(source)) sw.rules.putAgain(rule);
  }

  silent(_sw: ManagedSwitch, hosts: SwitchHosts, { match }: Message<'flowRemoved'>): LearnedHost | undefined {
    const [source, inPort] = inOrder(match);
    const host = source?.field === 'eth_src' ? hosts.get(macAt(source.value, 0)) : undefined;
    // A host that moved meanwhile has another rule by now.
    return inPort?.field === 'in_port' && host?.port === inPort.value ? host : undefined;
  }

  aged(): Iterable<LearnedHost> {
    return [];
  }

  ban(sw: ManagedSwitch, what: { mac: number } | { port: number }, seconds: number): void {
    const [priority, match]: [number, OxmField] =
      'mac' in what
        ? [priorities.bannedHost, { field: 'eth_src', value: macBytes(what.mac) }]
        : [priorities.bannedPort, { field: 'in_port', value: what.port }];
    sw.rules.putForNow({ ...this.#rule(this.#source, priority, [match], []), hardTimeout: seconds });
  }

  switchForgotten(): void {}

  #rulesOf({ mac, port }: LearnedHost): Rule[] {
    const bytes = macBytes(mac);
    const to: OxmField[] = [{ field: 'eth_dst', value: bytes }];
    const from: OxmField[] = [
      { field: 'eth_src', value: bytes },
      { field: 'in_port', value: port },
    ];
    return [
      this.#rule(this.#destination, priorities.host, to, [{ type: 'applyActions', actions: [output(port)] }]),
      { ...this.#rule(this.#source, priorities.host, from, this.#goOn), idleTimeout: ageSeconds },
    ];
  }

  #sourceKey(mac: Uint8Array, port: number): string {
    return ruleKey(this.#source, priorities.host, [
      { field: 'eth_src', value: mac },
      { field: 'in_port', value: port },
    ]);
  }

  #rule(table: number, priority: number, match: readonly OxmField[], instructions: readonly Instruction[]): Rule {
    return { table, priority, cookie: this.#cookie, match, instructions };
  }
}

const output = (port: number) => ({ type: 'output' as const, port, maxLen: 0 });
