import {
  ControllerRole,
  type Message,
  OfpEncodeError,
  type OfpMessage,
  type OfpVersion,
  type RequestOutcome,
  Session,
  type SessionEnd,
  type SessionProblem,
  type SwitchFeatures,
} from '../../../ofp/index.ts';
import { askMeters, askPorts, askRules, type Meter, meterChanges, portsIn, rulesIn } from './requests.ts';
import type { FlowChange, Rule } from './rule.ts';
import { type ManagedSwitch, type OtherChange, readPort, type SwitchPort, type SwitchVoice } from './switch.ts';
import { applyChanges, type Refusals } from './sync.ts';

/** Where bytes for a switch go. */
export interface Transport {
  /** Such as TLSv1.3; undefined where anybody can listen. */
  readonly security: string | undefined;
  send(bytes: Uint8Array): void;
  /** Ends it once what was sent is out. */
  close(): void;
}

/** Whoever keeps the switches. */
export interface ConnectionOwner {
  readonly versions: readonly OfpVersion[];
  /** `ControllerRole` that is asked for, and the generation id to ask with. */
  readonly role: number;
  readonly generationId: bigint;
  readonly probeMs: number;
  /** No rules but its own stay in a switch. */
  readonly isSole: boolean;
  /** Meters that every switch is to have; undefined: nobody needs any. */
  readonly meters: readonly Meter[] | undefined;
  /** The switch said who it is. Returns what is known of it, or why it is not wanted. */
  admit(connection: Connection, features: SwitchFeatures, now: number): ManagedSwitch | string;
  /** Its ports and rules are known; rules that are put into its book now go out together. */
  introduced(sw: ManagedSwitch, held: readonly Rule[], now: number): void;
  /** Rules that it is to hold and that are not in its book. */
  rulesBesides(sw: ManagedSwitch): Iterable<Rule>;
  message(sw: ManagedSwitch, message: OfpMessage, now: number): void;
  /** It is not this controller's to change any more. */
  suspended(sw: ManagedSwitch): void;
  problem(connection: Connection, what: string, detail: string, now: number): void;
  ended(connection: Connection, end: SessionEnd, now: number): void;
}

const missSendLen = 0xffff;
/** Bytes that may wait for a switch that does not read: packets are dropped beyond the first, it is cut off beyond the second. */
const maxQueuedPackets = 1 << 20;
const maxQueued = 1 << 24;
/** Changes that may wait until a switch has the rules that it is to begin with. */
const maxWaiting = 100_000;
/** How often the round trip is measured, ms. */
const roundTripMs = 5_000;
/** A switch whose id turns up again has this long to show that it is alive, ms. */
const challengeMs = 2_000;

/** standby: another controller is master, and the switch is left alone. */
export type ConnectionState = 'greeting' | 'asking' | 'setting' | 'ready' | 'standby';

/** The controller's end of one OpenFlow connection. It tells its owner of the switch when that said what it is and holds. */
export class Connection implements SwitchVoice {
  readonly peer: string;
  readonly #owner: ConnectionOwner;
  readonly #transport: Transport;
  readonly #session: Session;
  #switch: ManagedSwitch | undefined;
  #state: ConnectionState = 'greeting';
  /** Changes that were made while earlier ones are carried out. */
  #waiting: FlowChange[] = [];
  #roundTripDue = 0;
  #roundTrip: number | undefined;
  #heardAt: number;

  constructor(peer: string, transport: Transport, owner: ConnectionOwner, now: number) {
    this.peer = peer;
    this.#owner = owner;
    this.#transport = transport;
    this.#heardAt = now;
    this.#session = new Session(
      {
        ...{ side: 'controller', versions: owner.versions, echoIntervalMs: owner.probeMs },
        ...{ maxQueuedEvents: maxQueuedPackets, maxQueued },
        sink: {
          send: (bytes) => transport.send(bytes),
          ready: (features, at) => this.#greeted(features!, at),
          message: (message, _frame, at) => this.#message(message, at),
          problem: (problem) => this.#problem(problem),
          ended: (end) => this.#ended(end),
        },
      },
      now,
    );
  }

  get version(): OfpVersion {
    return this.#session.version;
  }

  /** Once it is known. */
  get switch(): ManagedSwitch | undefined {
    return this.#switch;
  }

  /** ready: its rules are what they are meant to be. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Of the last echo, ms. */
  get roundTripMs(): number | undefined {
    return this.#roundTrip;
  }

  get security(): string | undefined {
    return this.#transport.security;
  }

  get queuedBytes(): number {
    return this.#session.queuedBytes;
  }

  start(): void {
    this.#session.start();
  }

  /** Any piece of the byte stream. */
  receive(bytes: Uint8Array, now: number): void {
    this.#heardAt = now;
    this.#session.receive(bytes, now);
  }

  setWritable(writable: boolean): void {
    this.#session.setWritable(writable);
  }

  /** The stream is gone. */
  closed(): void {
    this.#session.disconnected();
  }

  close(detail: string): void {
    this.#session.close(detail);
  }

  tick(now: number): void {
    if (this.#session.dueAt <= now) this.#session.tick(now);
    if (this.#state === 'greeting' || now < this.#roundTripDue) return;
    this.#roundTripDue = now + roundTripMs;
    this.#session.request({ type: 'echoRequest' }, now, (outcome) => {
      if (outcome.kind === 'reply') this.#roundTrip = this.#session.now - now;
    });
  }

  /** Another connection claims to be this switch: it stays unless it is silent from now on. */
  challenge(now: number): void {
    const answered = () => {
      if (this.#heardAt <= now) this.close('the switch is silent, and connects anew');
    };
    this.#session.request({ type: 'echoRequest' }, now, answered, challengeMs);
  }

  packetOut(inPort: number, { actions, data, bufferId }: Parameters<SwitchVoice['packetOut']>[1]): boolean {
    const match: Message<'packetOut'>['match'] = this.version < 6 ? [] : [{ field: 'in_port', value: inPort }];
    const out = { inPort, match, actions, data, ...(bufferId !== undefined && { bufferId }) };
    try {
      return this.#session.notify({ type: 'packetOut', ...out });
    } catch (error) {
      // A frame that came in one message may be too long for another one.
      if (!(error instanceof OfpEncodeError)) throw error;
      return false;
    }
  }

  change(change: OtherChange): void {
    this.#tell(() => this.#session.send(change));
  }

  barrier(now: number, done: () => void): void {
    this.#session.request({ type: 'barrierRequest' }, now, done);
  }

  /** Everything that is sent within `work` leaves in as few pieces as may be. */
  batch(work: () => void): void {
    this.#session.batch(work);
  }

  #greeted(features: SwitchFeatures, now: number): void {
    const admitted = this.#owner.admit(this, features, now);
    if (typeof admitted === 'string') {
      this.close(admitted);
      return;
    }
    this.#switch = admitted;
    this.#state = 'asking';
    this.#session.send({ type: 'setConfig', flags: 0, missSendLen });
    this.#askRole(now, () => this.#ask(this.#session.now));
  }

  #askRole(now: number, granted: () => void): void {
    const { role, generationId } = this.#owner;
    if (role === ControllerRole.EQUAL || this.version === 1) {
      granted();
      return;
    }
    this.#session.request({ type: 'roleRequest', role, generationId }, now, (outcome) => {
      if (outcome.kind !== 'reply') this.#owner.problem(this, 'role refused', outcome.kind, this.#session.now);
      else if (role === ControllerRole.MASTER) granted();
      else this.#state = 'standby';
    });
  }

  #ask(now: number): void {
    this.#state = 'asking';
    const { features } = this.#session;
    let ports =
      this.version === 1 ? (features?.ports ?? []).map(readPort).filter((port) => port !== undefined) : undefined;
    const fail = (what: string) => this.close(`the switch does not list its ${what}`);
    if (ports === undefined) {
      this.#session.request(askPorts, now, (outcome) => {
        ports = portsIn(outcome);
      });
    }
    const { isSole, meters } = this.#owner;
    let heldMeters: RequestOutcome | undefined;
    if (meters !== undefined) {
      this.#session.request(askMeters, now, (outcome) => {
        heldMeters = outcome;
      });
    }
    this.#session.request(askRules(this.version, isSole), now, (outcome) => {
      // Another controller became master meanwhile; or it came, and went, and this was asked anew.
      if (this.#state !== 'asking') return;
      const held = rulesIn(outcome, isSole);
      if (ports === undefined) fail('ports');
      else if (held === undefined) fail('rules');
      else this.#set(ports, held, heldMeters, this.#session.now);
    });
  }

  /** Rules that use them follow. False: it does not say which it has. */
  #setMeters(held: RequestOutcome): boolean {
    const changes = meterChanges(this.#owner.meters ?? [], held);
    for (const change of changes ?? []) this.#tell(() => this.#session.send(change));
    return changes !== undefined;
  }

  #set(ports: readonly SwitchPort[], held: readonly Rule[], heldMeters: RequestOutcome | undefined, now: number): void {
    const sw = this.#switch!;
    sw.ports.clear();
    for (const port of ports) sw.notePort(port);
    sw.voice = this;
    this.#state = 'setting';
    sw.rules.follow(undefined);
    this.#owner.introduced(sw, held, now);
    if (heldMeters !== undefined && !this.#setMeters(heldMeters)) {
      this.close('the switch does not list its meters');
      return;
    }
    sw.rules.follow((change) => this.#wait(change));
    const changes = sw.rules.difference(held, this.#owner.rulesBesides(sw));
    sw.counters.flowMods += changes.length;
    this.#tell(() =>
      applyChanges(this.#session, changes, now, (refused) => {
        if (refused === undefined) this.close('the switch does not say that it has its rules');
        else if (this.#state === 'setting') this.#ready(sw, refused);
      }),
    );
  }

  #wait(change: FlowChange): void {
    if (this.#waiting.length < maxWaiting) this.#waiting.push(change);
    else this.close(`more than ${maxWaiting} changes wait for the switch`);
  }

  /** Rules, groups and meters: a switch that cannot be told of them is of no use. */
  #tell(say: () => void): void {
    try {
      say();
    } catch (error) {
      if (!(error instanceof OfpEncodeError)) throw error;
      this.close(`its version of OpenFlow cannot say what it is told: ${error.message}`);
    }
  }

  #ready(sw: ManagedSwitch, refused: Refusals): void {
    this.#state = 'ready';
    for (const error of refused) this.#refused(sw, error);
    const send = (change: FlowChange) => {
      sw.counters.flowMods += 1;
      this.#tell(() => this.#session.send(change));
    };
    sw.rules.follow(send);
    this.batch(() => {
      for (const change of this.#waiting.splice(0)) send(change);
    });
  }

  #message(message: OfpMessage, now: number): void {
    const sw = this.#switch;
    if (sw === undefined) return;
    if (message.type === 'error') this.#refused(sw, message);
    else if (message.type === 'roleStatus') this.#roleChanged(sw, message.role, now);
    else this.#owner.message(sw, message, now);
  }

  /** Where another controller is the master, what this one sends would be refused. */
  #roleChanged(sw: ManagedSwitch, role: number, now: number): void {
    if (role !== ControllerRole.SLAVE) {
      if (this.#state === 'standby') this.#ask(now);
      return;
    }
    this.#state = 'standby';
    this.#waiting = [];
    this.#owner.problem(this, 'another controller is master', 'the switch is left alone', now);
    sw.rules.follow(undefined);
    this.#owner.suspended(sw);
  }

  #refused(sw: ManagedSwitch, { errorType, code }: Message<'error'>): void {
    sw.counters.errors += 1;
    this.#owner.problem(this, 'a message was refused', `error ${errorType}/${code}`, this.#session.now);
  }

  #problem(problem: SessionProblem): void {
    if (this.#switch) this.#switch.counters.malformed += 1;
    const detail = problem.kind === 'malformed' ? problem.error.message : describe(problem);
    this.#owner.problem(this, `${problem.kind} message`, detail, this.#session.now);
  }

  #ended(end: SessionEnd): void {
    this.#switch?.rules.follow(undefined);
    this.#waiting = [];
    this.#owner.ended(this, end, this.#session.now);
    this.#transport.close();
  }
}

function describe(problem: Exclude<SessionProblem, { kind: 'malformed' }>): string {
  return problem.kind === 'unexpected' ? problem.detail : `${problem.type} ${problem.xid} answers nothing`;
}
