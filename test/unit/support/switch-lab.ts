import {
  type Action,
  FlowModCommand,
  GroupNo,
  type Instruction,
  NO_BUFFER,
  type OxmField,
  PortNo,
} from '../../../ofp/index.ts';
import {
  Bridge,
  type BridgeObserver,
  type BridgeOptions,
  type FlowChange,
  type PortVlans,
} from '../../../switch/index.ts';

/** A flow-mod that adds to table 0 with priority 100, unless told otherwise. */
export function flowMod(fields: Partial<FlowChange> = {}): FlowChange {
  return {
    command: FlowModCommand.ADD,
    tableId: 0,
    priority: 100,
    cookie: 0n,
    cookieMask: 0n,
    idleTimeout: 0,
    hardTimeout: 0,
    bufferId: NO_BUFFER,
    outPort: PortNo.ANY,
    outGroup: GroupNo.ANY,
    flags: 0,
    match: [],
    instructions: [],
    ...fields,
  };
}

export function apply(...actions: Action[]): Instruction {
  return { type: 'applyActions', actions };
}

export function output(port: number, maxLen = 0xffff): Action {
  return { type: 'output', port, maxLen };
}

export function inPort(value: number): OxmField {
  return { field: 'in_port', value };
}

export function mac(last: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, 0, last);
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

/** 60 bytes from `src` to `dst`, of a type that nobody knows; the last byte is `mark`. */
export function frame(dst: Uint8Array, src: Uint8Array, mark = 0, type = 0x88b6): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set(dst, 0);
  bytes.set(src, 6);
  bytes[12] = type >> 8;
  bytes[13] = type & 0xff;
  bytes[59] = mark;
  return bytes;
}

export interface LabPort {
  readonly no: number;
  /** Copies of what was sent; link messages on peer ports. */
  readonly sent: Uint8Array[];
  /** How many of a batch are taken. */
  capacity: number;
}

/** A bridge with ports that remember. */
export class BridgeLab {
  readonly bridge: Bridge;
  readonly events: { readonly name: keyof BridgeObserver; readonly args: readonly unknown[] }[] = [];
  #named = 0;

  constructor(options: Partial<BridgeOptions> = {}) {
    const selfId = options.selfId ?? (0x11n << 64n) | 0x22n;
    this.bridge = new Bridge({ datapathId: selfId >> 64n, selfId, ...options });
    const note =
      (name: keyof BridgeObserver) =>
      (...args: unknown[]) => {
        this.events.push({ name, args });
      };
    this.bridge.observe({
      packetIn: note('packetIn'),
      flowRemoved: note('flowRemoved'),
      portStatus: note('portStatus'),
    });
  }

  leaf(vlans?: PortVlans): LabPort {
    return this.#add({ kind: 'leaf', vlans });
  }

  peer(id: bigint): LabPort {
    return this.#add({ kind: 'peer', peer: id });
  }

  flow(fields: Partial<FlowChange>, now = 0): void {
    this.bridge.changeFlows(flowMod(fields), now);
  }

  eventsNamed(name: keyof BridgeObserver): readonly unknown[][] {
    return this.events.filter((event) => event.name === name).map((event) => [...event.args]);
  }

  #add(
    options:
      | { readonly kind: 'leaf'; readonly vlans?: PortVlans | undefined }
      | { readonly kind: 'peer'; readonly peer: bigint },
  ): LabPort {
    const name = `p${++this.#named}`;
    const sent: Uint8Array[] = [];
    const port = { no: 0, sent, capacity: Infinity };
    port.no = this.bridge.addPort(
      {
        ...options,
        name,
        mac: mac(0xf0 + this.#named),
        send: (batch) => {
          const taken = batch.slice(0, port.capacity);
          for (const item of taken) sent.push(item.slice());
          return taken.length;
        },
      },
      0,
    );
    return port;
  }
}
