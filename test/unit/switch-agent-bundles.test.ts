import { describe, expect, it } from 'vitest';
import {
  BadActionCode,
  BadRequestCode,
  BundleControlType,
  BundleFailedCode,
  BundleFlags,
  ErrorType,
  GroupModCommand,
  GroupType,
  type Message,
  type OfpMessage,
  type OfpVersion,
  PortNo,
} from '../../ofp/index.ts';
import { agentLab, TestController } from './support/agent-lab.ts';
import { apply, flowMod, frame, inPort, mac, output } from './support/switch-lab.ts';

const flags = BundleFlags.ATOMIC | BundleFlags.ORDERED;
const versions = [4, 5, 6] as const;
const onf = 0xffff;

class Bundler extends TestController {
  control(ctrlType: number, bundleId = 1, now = 0, given = flags): OfpMessage {
    return this.ask({ type: 'bundleControl', bundleId, ctrlType, flags: given }, now);
  }

  add(message: object, bundleId = 1, now = 0): number {
    const next = this.nextXid();
    const inner = { ...message, version: this.version, xid: next } as OfpMessage;
    return this.send({ type: 'bundleAddMessage', bundleId, flags, message: inner }, now);
  }
}

const flow = (fields = {}) => ({ type: 'flowMod', ...flowMod(fields), match: flowMod(fields).match.slice() });
/** Refused when its turn comes: there is no such group. */
const impossible = flow({ instructions: [apply({ type: 'group', groupId: 99 })] });
const group = (groupId: number, port: number) => ({
  type: 'groupMod',
  command: GroupModCommand.ADD,
  groupType: GroupType.ALL,
  groupId,
  commandBucketId: 0xffffffff,
  buckets: [
    { weight: 0, watchPort: 0xffffffff, watchGroup: 0xffffffff, bucketId: 0, actions: [output(port)], properties: [] },
  ],
  properties: [],
});

function setup(version: OfpVersion) {
  const { lab, agent } = agentLab();
  return { lab, agent, controller: new Bundler(agent, version) };
}

/** Type and code as 1.4 numbers them; 1.3 has them among the ONF's. */
function codeOf(message: OfpMessage, version: number): number {
  const error = message as Message<'error'>;
  if (version > 4) expect(error.errorType).toBe(ErrorType.BUNDLE_FAILED);
  else expect(error.errorType).toBe(onf);
  return version > 4 ? error.code : error.code - 2300;
}

describe.each(versions)('bundles of version %i', (version) => {
  it('change nothing before they are committed, and then everything', () => {
    const { controller, lab } = setup(version);
    expect(controller.control(BundleControlType.OPEN_REQUEST)).toMatchObject({
      type: 'bundleControl',
      ctrlType: BundleControlType.OPEN_REPLY,
    });
    controller.add(group(1, 2));
    controller.add(flow({ match: [inPort(1)], instructions: [apply({ type: 'group', groupId: 1 })] }));
    expect(lab.bridge.flows.size).toBe(0);
    expect(controller.control(BundleControlType.CLOSE_REQUEST)).toMatchObject({ ctrlType: 3 });
    expect(controller.control(BundleControlType.COMMIT_REQUEST)).toMatchObject({ ctrlType: 5 });
    expect(lab.bridge.flows.size).toBe(1);
    expect(lab.bridge.groupDesc(1)).toHaveLength(1);
  });

  it('change nothing when one message is refused, and say which', () => {
    const { controller, lab } = setup(version);
    lab.flow({ match: [inPort(9)], cookie: 9n });
    const before = [...lab.bridge.flows.entries()].map(({ match, cookie }) => [match, cookie]);
    controller.add(group(1, 2));
    controller.add(flow({ command: 3 }));
    controller.add(flow({ match: [inPort(1)] }));
    const bad = controller.add(flow({ match: [inPort(2)], instructions: [apply({ type: 'group', groupId: 7 })] }));
    const commit = controller.send({ type: 'bundleControl', bundleId: 1, ctrlType: 4, flags });
    const [first, second] = controller.take();
    expect(first).toMatchObject({ xid: bad, errorType: ErrorType.BAD_ACTION, code: BadActionCode.BAD_OUT_GROUP });
    expect(second?.xid).toBe(commit);
    expect(codeOf(second!, version)).toBe(BundleFailedCode.MSG_FAILED);
    expect([...lab.bridge.flows.entries()].map(({ match, cookie }) => [match, cookie])).toEqual(before);
    expect(lab.bridge.groupDesc(1)).toEqual([]);
    expect(lab.eventsNamed('flowRemoved')).toEqual([]);
  });

  it('are gone when they are discarded', () => {
    const { controller, lab } = setup(version);
    controller.add(flow());
    expect(controller.control(BundleControlType.DISCARD_REQUEST)).toMatchObject({ ctrlType: 7 });
    expect(codeOf(controller.control(BundleControlType.COMMIT_REQUEST), version)).toBe(BundleFailedCode.BAD_ID);
    expect(lab.bridge.flows.size).toBe(0);
  });

  it('send packets in their place, but only when all is well', () => {
    const { controller, lab } = setup(version);
    const { no, sent } = lab.leaf();
    controller.take();
    const data = frame(mac(1), mac(2));
    const packetOut = {
      type: 'packetOut',
      bufferId: 0xffffffff,
      inPort: PortNo.CONTROLLER,
      match: [inPort(PortNo.CONTROLLER)],
      actions: [output(PortNo.TABLE)],
      data,
    };
    controller.add(flow({ instructions: [apply(output(no))] }));
    controller.add(packetOut);
    controller.add(flow({ command: 3 }));
    controller.control(BundleControlType.COMMIT_REQUEST);
    expect([sent, lab.bridge.flows.size]).toEqual([[data], 0]);
    controller.add(flow({ instructions: [apply(output(no))] }));
    controller.add(packetOut);
    controller.add(impossible);
    controller.control(BundleControlType.COMMIT_REQUEST);
    expect([sent, lab.bridge.flows.size]).toEqual([[data], 0]);
  });

  it('refuse at once what can never be done, and keep the rest', () => {
    const { controller, lab } = setup(version);
    controller.add(flow({}));
    controller.take();
    const xid = controller.add(flow({ tableId: 254 }));
    expect(controller.take()).toMatchObject([
      { type: 'error', xid, errorType: ErrorType.BAD_REQUEST, code: BadRequestCode.EPERM },
    ]);
    expect(controller.control(BundleControlType.COMMIT_REQUEST)).toMatchObject({ type: 'bundleControl' });
    expect(lab.bridge.flows.size).toBe(1);
  });

  it('are refused what they may not do', () => {
    const { controller } = setup(version);
    const control = (type: number, given = flags) => codeOf(controller.control(type, 1, 0, given), version);
    expect(control(BundleControlType.CLOSE_REQUEST)).toBe(BundleFailedCode.BAD_ID);
    controller.control(BundleControlType.OPEN_REQUEST);
    expect(control(BundleControlType.OPEN_REQUEST)).toBe(BundleFailedCode.BAD_ID);
    controller.control(BundleControlType.OPEN_REQUEST);
    expect(control(BundleControlType.CLOSE_REQUEST, BundleFlags.ATOMIC)).toBe(BundleFailedCode.BAD_FLAGS);
    controller.control(BundleControlType.OPEN_REQUEST);
    controller.control(BundleControlType.CLOSE_REQUEST);
    controller.add(flow());
    expect(codeOf(controller.take()[0]!, version)).toBe(BundleFailedCode.BUNDLE_CLOSED);
    controller.add({ type: 'barrierRequest' });
    expect(codeOf(controller.take()[0]!, version)).toBe(BundleFailedCode.MSG_UNSUP);
    expect(control(BundleControlType.OPEN_REPLY)).toBe(BundleFailedCode.BAD_TYPE);
    const alien = { ...flow(), version, xid: 1 } as OfpMessage;
    expect(codeOf(controller.ask({ type: 'bundleAddMessage', bundleId: 1, flags, message: alien }), version)).toBe(
      BundleFailedCode.MSG_BAD_XID,
    );
  });

  it('that are left alone end', () => {
    const { controller, lab } = setup(version);
    controller.control(BundleControlType.OPEN_REQUEST);
    controller.add(flow(), 1, 9_000);
    lab.bridge.tick(18_000);
    expect(controller.take()).toEqual([]);
    lab.bridge.tick(19_000);
    expect(codeOf(controller.take()[0]!, version)).toBe(BundleFailedCode.TIMEOUT);
    expect(codeOf(controller.control(BundleControlType.COMMIT_REQUEST), version)).toBe(BundleFailedCode.BAD_ID);
  });

  it('are not without end', () => {
    const { controller } = setup(version);
    for (let id = 0; id < 64; id++) controller.control(BundleControlType.OPEN_REQUEST, id);
    expect(codeOf(controller.control(BundleControlType.OPEN_REQUEST, 64), version)).toBe(
      BundleFailedCode.OUT_OF_BUNDLES,
    );
  });
});

describe('requests of one controller', () => {
  it('are forwarded to others who asked for that, in the words of their version', () => {
    const { agent } = agentLab();
    const one = new Bundler(agent, 4);
    const others = [5, 6].map((version) => new TestController(agent, version as OfpVersion));
    for (const other of others)
      other.tell({ type: 'setAsync', properties: [{ type: 'requestForwardMaster', mask: 3 }] });
    one.tell(group(1, 2) as never);
    for (const other of others) {
      expect(other.events('requestForward')).toMatchObject([
        { request: { type: 'groupMod', version: other.version, groupId: 1, buckets: [{ actions: [{ port: 2 }] }] } },
      ]);
    }
    one.add(group(3, 2));
    one.add(impossible);
    one.control(BundleControlType.COMMIT_REQUEST);
    expect(others[0]!.events('requestForward')).toEqual([]);
    one.add(group(3, 2));
    one.control(BundleControlType.COMMIT_REQUEST);
    expect(others[0]!.events('requestForward')).toHaveLength(1);
    expect(one.events('requestForward')).toEqual([]);
  });
});
