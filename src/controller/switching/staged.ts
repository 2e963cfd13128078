import { type Instruction, type Message, type OxmField, PortNo } from '../../../ofp/index.ts';
import type { PacketIn, Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import { inOrder, type Rule } from '../runtime/rule.ts';
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

  *rulesOf(_sw: ManagedSwitch, hosts: SwitchHosts): Iterable<Rule> {
    for (const host of hosts.all) {
      yield this.#destinationRule(host);
      yield this.#sourceRule(host.mac, host.port);
    }
  }

  begin(sw: ManagedSwitch): void {
    sw.rules.put(this.#miss);
    this.forwardingChanged(sw);
  }

  forwardingChanged(sw: ManagedSwitch): void {
    const actions = [...sw.forwarding].sort((a, b) => a - b).map((port) => output(port));
    sw.rules.put(this.#rule(this.#destination, priorities.miss, [], [{ type: 'applyActions', actions }]));
  }

  learned(sw: ManagedSwitch, _hosts: SwitchHosts, host: LearnedHost, before: number | undefined): void {
    // The rule that stops the copies comes last, so that none is missing once there are no more.
    sw.rules.send(this.#destinationRule(host));
    sw.rules.send(this.#sourceRule(host.mac, host.port));
    if (before !== undefined) sw.rules.sendRemoval(this.#sourceRule(host.mac, before));
  }

  forgotten(sw: ManagedSwitch, _hosts: SwitchHosts, host: LearnedHost): void {
    sw.rules.sendRemoval(this.#destinationRule(host));
    sw.rules.sendRemoval(this.#sourceRule(host.mac, host.port));
  }

  /** Its rules were lost, or are still on their way. */
  frame(sw: ManagedSwitch, hosts: SwitchHosts, source: LearnedHost, _message: PacketIn, now: number): void {
    if (now - source.sentAt < underwayMs) return;
    source.sentAt = now;
    this.learned(sw, hosts, source, undefined);
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
    sw.rules.send({ ...this.#rule(this.#source, priority, [match], []), hardTimeout: seconds });
  }

  switchForgotten(): void {}

  #destinationRule({ mac, port }: LearnedHost): Rule {
    const match: OxmField[] = [{ field: 'eth_dst', value: macBytes(mac) }];
    return this.#rule(this.#destination, priorities.host, match, [{ type: 'applyActions', actions: [output(port)] }]);
  }

  #sourceRule(mac: number, port: number): Rule {
    const match: OxmField[] = [
      { field: 'in_port', value: port },
      { field: 'eth_src', value: macBytes(mac) },
    ];
    return { ...this.#rule(this.#source, priorities.host, match, this.#goOn), idleTimeout: ageSeconds };
  }

  #rule(table: number, priority: number, match: readonly OxmField[], instructions: readonly Instruction[]): Rule {
    return { table, priority, cookie: this.#cookie, match, instructions };
  }
}

const output = (port: number) => ({ type: 'output' as const, port, maxLen: 0 });
