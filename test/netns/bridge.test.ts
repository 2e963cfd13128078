import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BridgeStatus, PortReport } from '../../src/bridge/client.ts';
import { BridgeLab, until } from './support/bridge-lab.ts';

let lab: BridgeLab;
beforeEach(async () => {
  lab = await BridgeLab.make();
});
afterEach(() => lab.end());

const status = () => lab.ask<BridgeStatus>('status');
const portNames = async () => (await lab.ask<PortReport[]>('ports')).map(({ name }) => name);

describe('ringlet bridge without controllers', () => {
  it('joins two hosts and the machine itself, and leaves nothing', async () => {
    const bridge = await lab.bridge('--port', 'tap:lan0,address=10.99.0.3/24');
    await lab.reached();
    expect(await lab.reaches('10.99.0.3')).toBe(true);
    expect(await lab.ringlet('macs', 'sw1')).toMatch(/PORT +NAME +AGE\n.*\n.*\n.*\n$/);
    expect(await lab.ringlet('ports')).toMatch(/ 1 +e1 +leaf +up .*\n +2 +e2 +leaf +up/);
    expect(await lab.ringlet('status')).toMatch(/^bridge +sw1 +[0-9a-f]{16}\n/);
    const server = lab.startIn(lab.h2, 'iperf3', '-s', '-1');
    await server.waitFor(/Server listening/);
    const sent = JSON.parse(await lab.h1.run('iperf3', '-c', '10.99.0.2', '-n', '50M', '-J'));
    expect(sent.end.sum_received.bytes).toBeGreaterThan(49e6);
    await bridge.stop('SIGINT');
    expect(await lab.between.run('ip', '-br', 'link')).not.toContain('lan0');
    expect(await lab.reaches()).toBe(false);
  });

  it('gets ports, loses them, and says so', async () => {
    const bridge = await lab.bridge();
    const monitor = lab.start('ovs-ofctl', '-O', 'OpenFlow13', 'monitor', 'sw1', '65534');
    await lab.reached();
    expect(await lab.ringlet('add-port', 'sw1', '7@tap:lan0')).toBe('port 7 (lan0) added to sw1\n');
    await monitor.waitFor(/PORT_STATUS.* ADD: 7\(lan0\)/);
    await expect(lab.ringlet('add-port', 'sw1', '7@tap:lan1')).rejects.toThrow(/port number 7 cannot be had/);
    await expect(lab.ringlet('add-port', 'sw1', 'eth:nothing')).rejects.toThrow(/there is no interface 'nothing'/);
    expect(await lab.between.run('ip', '-br', 'link')).not.toContain('lan1');
    await lab.between.ip('link set e2 down');
    await monitor.waitFor(/PORT_STATUS.* MOD: 2\(e2\)[^]*LINK_DOWN/);
    await lab.between.ip('link set e2 up');
    await lab.reached();
    await lab.between.ip('link delete lan0');
    await monitor.waitFor(/PORT_STATUS.* DEL: 7\(lan0\)/);
    expect(bridge.printed().match(/"level":40.*\n/g)).toEqual([
      expect.stringMatching(/"port":"lan0","no":7,"reason":"the interface 'lan0' was deleted","msg":"port is gone"/),
    ]);
    expect(await lab.ringlet('del-port', 'sw1', 'e2')).toBe('port 2 (e2) removed from sw1\n');
    expect(await portNames()).toEqual(['e1']);
    await lab.ringlet('add-port', 'sw1', 'e2=eth:e2');
    await lab.reached();
  });

  it('takes frames from a Unix socket', async () => {
    const path = join(lab.directory, 'p3.sock');
    await lab.bridge('--port', `punix:${path}`);
    const socket = createConnection(path);
    const received: Buffer[] = [];
    socket.on('data', (bytes) => received.push(bytes));
    // Who has 10.99.0.2? Tell 10.99.0.9 at 02:00:00:00:00:09.
    const arp = Buffer.from(
      'ffffffffffff020000000009080600010800060400010200000000090a6300090000000000000a630002',
      'hex',
    );
    const reply = () => Buffer.concat(received).toString('hex');
    await until(async () => {
      socket.write(Buffer.concat([Buffer.of(0, arp.length), arp]));
      return /0200000000090{0}[0-9a-f]{12}08060001080006040002[0-9a-f]{12}0a630002/.test(reply());
    });
    socket.destroy();
    await until(async () => (await lab.ask<PortReport[]>('ports')).some(({ name, isUp }) => name === 'p3' && !isUp));
  });

  it('shows frames to tcpdump', async () => {
    await lab.bridge();
    await lab.reached();
    const capture = spawn(
      'bash',
      ['-c', `"$0" "$1" capture sw1 e1 | tcpdump -n -l -r - icmp`, process.execPath, mainPath()],
      { env: { ...process.env, RINGLET_RUNDIR: lab.directory } },
    );
    let text = '';
    capture.stdout.on('data', (chunk) => {
      text += chunk;
    });
    await until(async () => {
      await lab.reaches();
      return /10\.99\.0\.1 > 10\.99\.0\.2: ICMP echo request/.test(text) && /10\.99\.0\.2 > 10\.99\.0\.1: ICMP echo reply/.test(text);
    });
    await lab.ringlet('del-port', 'sw1', 'e1');
    await new Promise((resolve) => capture.once('close', resolve));
    expect(capture.exitCode).toBe(0);
  });
});
