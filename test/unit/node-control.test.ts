import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createControlServer, makeRunDirectory } from '../../src/control/index.ts';
import { listen } from '../../src/lib/listen.ts';
import { askNode, runningNodes } from '../../src/node/client.ts';
import { parseNodeConfig, runDirectory } from '../../src/node/index.ts';

const flows = Array.from({ length: 5_000 }, (_, i) => `cookie=0x${i.toString(16)}, priority=1 actions=drop`);
const answers = { flows: () => flows, macs: () => [] };

describe('the control socket', () => {
  let directory: string;
  let close: () => Promise<void>;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rgt-ctl-'));
    close = await listen(server(), { path: join(directory, 'n1.ctl') });
  });

  afterEach(async () => {
    await close();
    rmSync(directory, { recursive: true });
  });

  it('answers a question, however long the answer', async () => {
    expect(await askNode(directory, 'n1', 'flows')).toEqual(flows);
    expect(await askNode(directory, 'n1', 'macs')).toEqual([]);
    expect(await runningNodes(directory)).toEqual(['n1']);
  });

  it('refuses what is no question, in one line, and lives on', async () => {
    for (const text of [
      '',
      '{}',
      'null',
      '[]',
      '{"ask":"passwords"}',
      '{"ask":["flows"]}',
      '\u0000',
      'x'.repeat(70_000),
    ]) {
      const reply = await send(text);
      expect(JSON.parse(reply)).toMatchObject({ ok: false });
    }
    expect(await askNode(directory, 'n1', 'macs')).toEqual([]);
  });

  it('says who runs when nobody of that name does', async () => {
    await expect(askNode(directory, 'n2', 'status')).rejects.toMatchObject({
      code: 'CONTROL_NOT_RUNNING',
      message: expect.stringMatching(/^no node or bridge n2 answers .*running here: n1$/),
    });
  });

  function send(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(join(directory, 'n1.ctl'));
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      socket.once('end', () => resolve(text));
      socket.once('error', reject);
      socket.end(`${line}\n`);
    });
  }
});

describe('listening', () => {
  it('takes the place of a socket that a dead node left, and names a taken port', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rgt-ctl-'));
    const path = join(directory, 'n1.ctl');
    const first = await listen(server(), { path });
    const second = await listen(server(), { path });
    expect(await runningNodes(directory)).toEqual(['n1']);
    const tcp = server();
    const closeTcp = await listen(tcp, { host: '127.0.0.1', port: 0 });
    const { port } = tcp.address() as { port: number };
    await expect(listen(server(), { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${port} (EADDRINUSE): something else listens there; choose another port`,
    });
    await Promise.all([first(), second(), closeTcp()]);
    rmSync(directory, { recursive: true });
  });
});

describe('the run directory', () => {
  it('follows the environment, and is refused where it cannot be made', () => {
    expect(runDirectory({ RINGLET_RUNDIR: '/somewhere' })).toBe('/somewhere');
    expect(() => makeRunDirectory('/proc/ringlet')).toThrow(
      expect.objectContaining({ code: 'CONTROL_RUNDIR', message: expect.stringContaining('RINGLET_RUNDIR') }),
    );
  });
});

describe('the configuration of a node', () => {
  const good = { name: 'n1', rendezvous: 'ws://192.0.2.1:7788' };

  it('has defaults for all that is not said', () => {
    const storm = { stormBroadcast: 500, stormMulticast: 2000, stormUnknownUnicast: 500 };
    const services = {
      fence: [],
      arpNdProxy: true,
      multicastSnooping: true,
      multicastQuerier: false,
      floodEtherType: 0x88b5,
    };
    const tap = { tap: 'ringlet0', addresses: [], mtu: 1330, ovsDatabase: 'unix:/var/run/openvswitch/db.sock' };
    const links = {
      linkRate: 0,
      linkRemark: 0,
      unknownUnicast: 'directory',
      policy: 'symphony',
      successors: 2,
      peers: [],
      demand: 'on-demand',
    };
    expect(parseNodeConfig(good)).toEqual({ ...good, overlay: 'default', ...tap, ...storm, ...services, ...links });
    expect(parseNodeConfig({ ...good, floodEtherType: '0x88b6' }).floodEtherType).toBe(0x88b6);
    for (const wrong of ['0x0800', '0x05ff', '88b5', '0x88B5']) {
      expect(() => parseNodeConfig({ ...good, floodEtherType: wrong })).toThrow(/floodEtherType/);
    }
    // A key that is misspelt is named beside the one that is missed for it.
    expect(() => parseNodeConfig({ name: 'x', rendezvus: good.rendezvous })).toThrow(
      /give --rendezvous(.|\n)*"rendezvus"/,
    );
    expect(parseNodeConfig({ ...good, openflow: '[::1]:6653' }).openflow).toEqual({ host: '::1', port: 6653 });
    expect(parseNodeConfig({ ...good, ovs: 'br0' }).mtu).toBe(1500);
    for (const [key, value] of [
      ['addresses', ['10.0.0.1/24']],
      ['openflow', '[::1]:6653'],
      ['linkRemark', 1000],
    ] as const) {
      expect(() => parseNodeConfig({ ...good, ovs: 'br0', [key]: value })).toThrow(
        new RegExp(`^${key}: .*with ovs`, 'm'),
      );
    }
  });

  it.each([
    [{ ...good, name: 'a b' }, /^name: letters/],
    [{ ...good, rendezvous: 'http://x' }, /^rendezvous: a WebSocket address/],
    [{ ...good, addresses: ['10.0.0.1'] }, /^addresses.0: an address with its prefix length/],
    [{ ...good, addresses: ['10.0.0.1/33'] }, /^addresses.0: /],
    [{ ...good, mtu: 500 }, /^mtu: /],
    [{ ...good, openflow: 'localhost' }, /^openflow: HOST:PORT/],
    [{ ...good, policy: 'star' }, /^policy: .*symphony/],
    [{ ...good, peers: ['abc'] }, /^peers.0: a node id/],
    [{ ...good, colour: 'red' }, /colour/],
    [null, /^configuration: /],
  ])('names what is wrong in %j', (input, text) => {
    expect(() => parseNodeConfig(input)).toThrow(
      expect.objectContaining({ code: 'NODE_CONFIG', message: expect.stringMatching(text) }),
    );
  });
});

function server(): Server {
  return createControlServer('node', answers, pino({ level: 'silent' }));
}
