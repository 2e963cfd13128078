import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ControllerRole,
  formatFlowStats,
  formatMessage,
  type OfpVersion,
  parseFlow,
  type RequestOutcome,
} from '../../ofp/index.ts';
import { type Controller, OpenVswitch } from './support/ofp-session-ovs.ts';
import { flowText } from './support/ofp-text-flows.ts';

const seed = Number(process.env.OFP_SEED ?? Date.now() & 0xffffff);
const FLOWS = 1500;

let device: OpenVswitch;
beforeAll(async () => {
  device = await OpenVswitch.start();
});
afterAll(() => device.close());

const reply = (outcome: RequestOutcome) => {
  if (outcome.kind !== 'reply') throw new Error(`no reply: ${outcome.kind}`);
  return outcome.message;
};

test.each<[OfpVersion[], OfpVersion]>([
  [[1], 1],
  [[4], 4],
  [[1, 4], 4],
  [[4, 5, 6], 6],
  [[1, 2, 3, 4, 5], 5],
])('versions %j settle on %i', async (versions, agreed) => {
  const controller = await device.controller(versions);
  expect(controller.session.version).toBe(agreed);
  expect(controller.session.features).toMatchObject({ auxiliaryId: 0, nTables: 254 });
  controller.session.close('done');
});

describe.each<OfpVersion>([4, 5, 6])('a controller that speaks wire version %i', (version) => {
  let controller: Controller;
  beforeAll(async () => {
    controller = await device.controller([version]);
  });
  afterAll(() => controller.session.close('done'));

  test(`sends flows and reads them all back as ovs-ofctl does (seed ${seed})`, async () => {
    // Meters and groups that are not there would be refused, as would a goto to a table before.
    const texts = fc
      .sample(flowText(version), { seed, numRuns: FLOWS })
      .filter((text) => !/meter:|group:|check_overlap/.test(text))
      // What times out at once may be gone before it is read a second time.
      .map((text) => text.replace(/(?<=_timeout=)\w+/g, (seconds) => `${Math.max(Number(seconds), 600)}`));
    await controller.commit([parseFlow('delete', { version })]);
    const sent = texts.map((text) => parseFlow(text, { version }));
    const outcome = await controller.commit([...sent, parseFlow('actions=group:77', { version })]);
    // The last one names a group that does not exist.
    expect(outcome).toMatchObject({ kind: 'done' });
    expect(outcome.kind === 'done' && outcome.refused.get(sent.length)).toMatchObject({ errorType: 2, code: 9 });
    const name = version === 6 ? 'flowDesc' : 'flow';
    const message = reply(await controller.request({ type: 'multipartRequest', multipart: name, body: {} }));
    if (message.type !== 'multipartReply' || (message.multipart !== 'flow' && message.multipart !== 'flowDesc')) {
      throw new Error(`no flows in a ${message.type}`);
    }
    expect(message.body.length).toBeGreaterThan(FLOWS / 4);
    const ours = message.body.map((entry) => ` ${formatFlowStats(entry, { version, noStats: true })}`).sort();
    const theirs = device.ofctl(version, 'dump-flows', '--no-stats').trimEnd().split('\n').sort();
    expect(ours).toEqual(theirs);
    expect(controller.problems).toEqual([]);
  });

  test('prints what a switch says of itself as ovs-ofctl does', async () => {
    const body = (text: string) => text.slice(text.indexOf('\n') + 1).trimEnd();
    const features = await controller.request({ type: 'multipartRequest', multipart: 'tableFeatures', body: [] });
    const tables = reply(features);
    expect(tables.type === 'multipartReply' && tables.multipart === 'tableFeatures' && tables.body).toHaveLength(254);
    const ports = reply(await controller.request({ type: 'multipartRequest', multipart: 'portDesc', body: {} }));
    expect(body(formatMessage(ports))).toBe(body(device.ofctl(version, 'dump-ports-desc')));
    const desc = reply(await controller.request({ type: 'multipartRequest', multipart: 'desc' }));
    expect(body(formatMessage(desc))).toBe(body(device.ofctl(version, 'dump-desc')));
  });

  test('takes a role, and not with an old generation id', async () => {
    const ask = (role: number, generationId: bigint) => controller.request({ type: 'roleRequest', role, generationId });
    const start = BigInt(version) << 32n;
    expect(await ask(ControllerRole.MASTER, start)).toMatchObject({
      kind: 'reply',
      message: { role: ControllerRole.MASTER },
    });
    expect(controller.session.role).toBe(ControllerRole.MASTER);
    expect(await ask(ControllerRole.SLAVE, start - 1n)).toMatchObject({
      kind: 'refused',
      error: { errorType: 11, code: 0 },
    });
    expect(await ask(ControllerRole.EQUAL, 0n)).toMatchObject({
      kind: 'reply',
      message: { role: ControllerRole.EQUAL },
    });
  });
});

test('a switch that goes away ends the session and what was asked', async () => {
  const own = await OpenVswitch.start();
  const controller = await own.controller([4]);
  const asked = controller.request({ type: 'echoRequest', data: new Uint8Array(3) });
  expect(await asked).toMatchObject({ kind: 'reply', message: { type: 'echoReply' } });
  await own.close();
  expect(await controller.ended).toMatchObject({ code: 'DISCONNECTED' });
  expect(await controller.request({ type: 'barrierRequest' })).toEqual({ kind: 'ended' });
});
