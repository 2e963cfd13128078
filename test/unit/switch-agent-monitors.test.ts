import { describe, expect, it } from 'vitest';
import {
  ErrorType,
  FlowModCommand,
  FlowMonitorCommand,
  FlowMonitorFailedCode,
  FlowMonitorFlags,
  type FlowUpdate,
  type OfpVersion,
  type Outgoing,
} from '../../ofp/index.ts';
import { agentLab, TestController } from './support/agent-lab.ts';
import { apply, flowMod, inPort, output } from './support/switch-lab.ts';

const F = FlowMonitorFlags;
const everything = F.INITIAL | F.ADD | F.REMOVED | F.MODIFY | F.INSTRUCTIONS;
const change = (fields = {}) =>
  ({ type: 'flowMod', ...flowMod(fields), match: flowMod(fields).match.slice() }) as const;
const watch = (fields = {}): Outgoing => ({
  type: 'multipartRequest',
  multipart: 'flowMonitor',
  body: [{ monitorId: 1, flags: everything, match: [], ...fields }],
});

function setup(version: OfpVersion) {
  const { lab, agent } = agentLab();
  const other = new TestController(agent, 4);
  const watcher = new TestController(agent, version);
  return { lab, agent, other, watcher, told: () => updatesOf(watcher) };
}

function updatesOf(controller: TestController): FlowUpdate[] {
  return controller.events('multipartReply').flatMap((reply) => (reply.multipart === 'flowMonitor' ? reply.body : []));
}

describe.each([1, 4, 5, 6] as const)('a flow monitor of version %i', (version) => {
  it('tells what is there, and what becomes of it', () => {
    const { other, watcher, told } = setup(version);
    other.tell(change({ match: [inPort(1)], instructions: [apply(output(2))] }));
    expect(watcher.ask(watch())).toMatchObject({
      body: [
        { type: version < 5 ? 'added' : 'initial', match: [inPort(1)], instructions: [{ actions: [{ port: 2 }] }] },
      ],
    });
    other.tell(change({ match: [inPort(2)], cookie: 7n }));
    expect(told()).toMatchObject([{ type: 'added', cookie: 7n, priority: 100, match: [inPort(2)] }]);
    other.tell(change({ command: FlowModCommand.MODIFY, instructions: [apply(output(3))] }));
    expect(told().map(({ type }) => type)).toEqual(['modified', 'modified']);
    other.tell(change({ command: FlowModCommand.DELETE }));
    expect(told()).toMatchObject([
      { type: 'removed', reason: 2 },
      { type: 'removed', reason: 2 },
    ]);
  });

  it('goes by match, table and port', () => {
    const { other, watcher, told } = setup(version);
    watcher.ask(watch({ monitorId: 1, outPort: 5 }));
    watcher.ask(watch({ monitorId: 2, tableId: 3 }));
    watcher.ask(watch({ monitorId: 3, match: [inPort(9)] }));
    const to5 = [apply(output(5))];
    other.tell(change({ match: [inPort(1)] }));
    expect(told()).toEqual([]);
    other.tell(change({ match: [inPort(1)], command: FlowModCommand.MODIFY, instructions: to5 }));
    other.tell(change({ match: [inPort(1)], command: FlowModCommand.MODIFY }));
    other.tell(change({ tableId: 3 }));
    other.tell(change({ match: [inPort(9), { field: 'eth_type', value: 0x800 }] }));
    expect(told().map(({ type }) => type)).toEqual(['modified', 'modified', 'added', 'added']);
  });

  it('is short about what its own controller does, unless that wants it whole', () => {
    const { watcher, told } = setup(version);
    watcher.ask(watch());
    const xid = watcher.send(change({ match: [inPort(1)] }));
    expect(told()).toEqual([{ type: 'abbrev', xid }]);
    watcher.ask(watch({ monitorId: 2, flags: everything | F.NO_ABBREV }));
    watcher.send(change({ match: [inPort(2)] }));
    expect(told()).toMatchObject([{ type: 'added' }]);
  });

  it('pauses while nobody reads, and makes up for it', () => {
    const { other, watcher, told } = setup(version);
    watcher.ask(watch());
    other.tell(change({ match: [inPort(1)] }));
    other.tell(change({ match: [inPort(2)] }));
    expect(told()).toHaveLength(2);
    watcher.connection.setWritable(false);
    const before = watcher.connection.backlog;
    for (let i = 10; i < 5000; i++) other.send(change({ match: [inPort(i)] }));
    expect(watcher.connection.backlog - before).toBeLessThan(256 * 1024);
    other.tell(change({ command: FlowModCommand.MODIFY, match: [inPort(2)], instructions: [apply(output(1))] }));
    other.tell(change({ command: FlowModCommand.DELETE, match: [inPort(1)] }));
    other.tell(change({ command: FlowModCommand.DELETE, match: [inPort(4000)] }));
    watcher.connection.setWritable(true);
    const messages = watcher.take();
    const updates = messages.flatMap((message) =>
      message.type === 'multipartReply' && message.multipart === 'flowMonitor' ? message.body : [],
    );
    const states = messages.map(({ type }) => type).filter((type) => type.startsWith('flowMonitor'));
    if (version < 5) expect(states).toEqual(['flowMonitorPaused', 'flowMonitorResumed']);
    else expect(updates.filter(({ type }) => type === 'paused' || type === 'resumed')).toHaveLength(2);
    const added = updates.filter(({ type }) => type === 'added').length;
    expect(added).toBe(4990 - 1);
    expect(updates.filter(({ type }) => type === 'removed')).toMatchObject([{ match: [inPort(1)] }]);
    expect(updates.filter(({ type }) => type === 'modified')).toMatchObject([{ match: [inPort(2)] }]);
    other.tell(change({ match: [inPort(6000)] }));
    expect(told()).toHaveLength(1);
  });

  it('can be had once only, and cancelled', () => {
    const { other, watcher, told } = setup(version);
    watcher.ask(watch());
    expect(watcher.ask(watch())).toMatchObject({ type: 'error' });
    expect(watcher.ask(watch({ monitorId: 2, flags: F.INITIAL }))).toMatchObject({ type: 'error' });
    if (version < 5) watcher.send({ type: 'flowMonitorCancel', monitorId: 1 });
    else watcher.ask(watch({ command: FlowMonitorCommand.DELETE }));
    other.tell(change());
    expect(told()).toEqual([]);
  });
});

it('errors of monitors have numbers of their own from 1.4 on', () => {
  const { watcher } = setup(5);
  expect(watcher.errorOf(watch({ command: FlowMonitorCommand.MODIFY }))).toEqual([
    ErrorType.FLOW_MONITOR_FAILED,
    FlowMonitorFailedCode.UNKNOWN_MONITOR,
  ]);
});
