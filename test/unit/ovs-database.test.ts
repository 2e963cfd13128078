import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import {
  bridgeColumns,
  Database,
  type DatabaseStreamEvents,
  OvsBridge,
  OvsError,
  Replica,
} from '../../src/ovs/index.ts';

const port = { name: 'p1', interfaces: ['uuid', 'i1'], external_ids: ['map', []] };
const bridge = {
  ...{ name: 'br0', ports: ['uuid', 'p1'], controller: ['set', []], fail_mode: 'secure', protocols: ['set', []] },
  ...{ external_ids: ['map', [['ringlet', 'attic']]], other_config: ['map', []] },
};
const root = { bridges: ['uuid', 'b1'], next_cfg: 1, cur_cfg: 1, datapath_types: ['set', ['netdev']] };
const content = {
  Open_vSwitch: { o1: { new: root } },
  Bridge: { b1: { new: bridge } },
  Port: { p1: { new: port } },
};

/** A database whose every word a test chooses, and a bridge in it. */
class Server {
  readonly clock = new VirtualClock();
  readonly lost: string[] = [];
  readonly requests: { readonly method: string; readonly id: unknown }[] = [];
  readonly database: Database;
  readonly bridge: OvsBridge;
  isReading = true;
  /** Bytes that wait for it. */
  written = 0;
  #events: DatabaseStreamEvents | undefined;

  constructor() {
    const { clock } = this;
    this.database = new Database({
      ...{ name: 'Open_vSwitch', columns: bridgeColumns, where: 'unix:test', clock, random: () => 0.5 },
      dial: (events) => {
        this.#events = events;
        clock.after(1, () => events.open());
        return {
          write: (bytes) => {
            this.written += bytes.length;
            this.requests.push(JSON.parse(Buffer.from(bytes).toString()));
            return this.isReading;
          },
          destroy: () => clock.after(1, () => events.close('destroyed')),
        };
      },
      events: {
        synced: () => this.bridge.changed(),
        changed: () => this.bridge.changed(),
        lost: (reason) => this.lost.push(reason),
      },
    });
    this.bridge = new OvsBridge({ database: this.database, clock, name: 'br0', owner: 'attic', onProblem: () => {} });
  }

  say(message: unknown): void {
    this.#events?.data(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
  }

  /** Answers the last request. */
  async answer(result: unknown): Promise<void> {
    this.clock.advance(2);
    this.say({ id: this.requests.at(-1)?.id, result, error: null });
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  async synced(): Promise<this> {
    const started = this.database.start();
    await this.answer(content);
    await started;
    return this;
  }

  update(updates: unknown): void {
    this.say({ method: 'update', params: [null, updates], id: null });
  }
}

const nested = (depth: number) => `{"method":"echo","id":1,"params":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('a database that sends garbage', () => {
  it.each<[string, unknown]>([
    ['an update that is nothing', null],
    ['a table that is none', { Bridge: 7 }],
    ['a table that nobody asked for', { Manager: {} }],
    ['a change that is nothing', { Bridge: { b1: null } }],
    ['a row that is nothing', { Bridge: { b1: { new: null } } }],
    ['a row that is a list', { Bridge: { b1: { new: ['set', []] } } }],
    ['a row without columns', { Bridge: { b1: { new: {} } } }],
    ['a map where a set is wanted', { Bridge: { b1: { new: { ...bridge, ports: ['map', []] } } } }],
    ['a set where a map is wanted', { Bridge: { b1: { new: { ...bridge, external_ids: ['set', []] } } } }],
    ['a value that is none', { Bridge: { b1: { new: { ...bridge, ports: { uuid: 'p1' } } } } }],
    ['ids that are none', { Bridge: { b1: { new: { ...bridge, ports: ['set', [null]] } } } }],
    ['a map of one', { Port: { p1: { new: { ...port, external_ids: ['map', [['ringlet']]] } } } }],
  ])('%s: it is dialled anew, and what was known before stays readable', async (_, updates) => {
    const server = await new Server().synced();
    server.update(updates);
    // What the node asks at every tick.
    expect(server.bridge.hasPort('p1')).toBe(true);
    server.bridge.keepPorts(new Set());
    server.clock.advance(2);
    expect(server.lost).toEqual([expect.stringMatching(/an update that is none/)]);
    server.clock.advance(1_000);
    await server.answer(content);
    expect(server.database.isSynced).toBe(true);
  });

  it('whatever it is, throws nothing but typed errors, and leaves rows that can be read', () => {
    const json = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(bridge.ports, ['set', []], ['map', []], 7));
    const row = fc.oneof(json, fc.dictionary(fc.constantFrom(...Object.keys(bridge)), json));
    const change = fc.oneof(json, fc.record({ new: fc.oneof(row, fc.constant(bridge)) }));
    const table = fc.oneof(json, fc.dictionary(fc.constantFrom('b1', 'b2'), change));
    fc.assert(
      fc.property(fc.oneof(json, fc.dictionary(fc.constantFrom('Bridge', 'Port'), table)), (updates) => {
        const replica = new Replica(bridgeColumns);
        try {
          replica.apply(updates);
        } catch (error) {
          expect(error).toBeInstanceOf(OvsError);
        }
        for (const each of replica.rows('Bridge').values()) expect(each).toMatchObject({ name: expect.anything() });
      }),
      { numRuns: 500 },
    );
  });

  it('is cut off for a message that is too deep, and answers a plain echo', async () => {
    const server = await new Server().synced();
    server.say(nested(20));
    expect(server.requests.at(-1)).toEqual({ id: 1, result: JSON.parse('['.repeat(20) + ']'.repeat(20)), error: null });
    server.say(nested(200_000));
    server.clock.advance(2);
    expect(server.lost).toEqual([expect.stringMatching(/depth/)]);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['too little', []],
    ['results that are none', [null]],
    ['rows that are none', [{ rows: [null] }]],
  ])('answers a transaction with %s: it is refused by a typed error', async (_, results) => {
    const server = await new Server().synced();
    const done = server.database.transact([{ op: 'comment', comment: 'x' }]);
    const refused = expect(done).rejects.toMatchObject({ code: 'OVS_PROTOCOL' });
    await server.answer(results);
    await refused;
  });

  it('and does not read: its echoes are answered no more', async () => {
    const server = await new Server().synced();
    server.isReading = false;
    const before = server.written;
    for (let i = 0; i < 1_000; i++) server.say({ method: 'echo', id: i, params: ['x'.repeat(1_000)] });
    expect(server.written - before).toBeLessThan(5_000);
  });
});

describe('a database that never answers', () => {
  it('is given up when it says nothing at first', async () => {
    const server = new Server();
    const started = expect(server.database.start()).rejects.toMatchObject({ code: 'OVS_UNREACHABLE' });
    server.clock.advance(10_002);
    await started;
  });

  it('ends no transaction, but the wait for it', async () => {
    const server = await new Server().synced();
    const done = expect(server.database.transact([])).rejects.toMatchObject({ code: 'OVS_TIMEOUT' });
    for (let i = 0; i < 11; i++) {
      server.say({ method: 'echo', id: i, params: [] });
      server.clock.advance(1_000);
    }
    await done;
    expect(server.lost).toEqual([]);
  });
});
