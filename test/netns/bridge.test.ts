import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
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
    expect(await lab.ringlet('trace', 'sw1', 'in_port=e1,arp,dl_dst=ff:ff:ff:ff:ff:ff')).toMatch(
      /^flow: arp,.*\ntable 0: no rule\nforwarded .*\nout of port 2 \(e2\): unchanged\n/,
    );
    expect(await lab.ringlet('status')).toMatch(/^bridge +sw1 +[0-9a-f]{16}\n/);
    const server = lab.startIn(lab.h2, 'iperf3', '-s', '-1', '--forceflush');
    await server.waitFor(/Server listening/);
    const sent = JSON.parse(await lab.h1.run('iperf3', '-c', '10.99.0.2', '-n', '50M', '-J'));
    expect(sent.end.sum_received.bytes).toBeGreaterThan(49e6);
    await bridge.stop('SIGINT');
    expect(await lab.between.run('ip', '-br', 'link')).not.toContain('lan0');
    expect(await lab.reaches()).toBe(false);
  });

  it('carries a VLAN over a trunk to access ports of another bridge, and no other', async () => {
    const trunk = join(lab.directory, 'trunk.sock');
    await lab.bridge('--port', `punix:${trunk},trunks=10+20`);
    const args = ['bridge', '--name', 'sw2', '--port', `unix:${trunk},trunks=10+20`];
    await lab.start(process.execPath, mainPath(), ...args).waitFor(/Ctrl-C ends it/);
    const move = async (port: string, to: string, tag: number) => {
      await lab.ringlet('del-port', 'sw1', port);
      await lab.ringlet('add-port', to, `eth:${port},tag=${tag}`);
    };
    await move('e1', 'sw1', 10);
    await move('e2', 'sw2', 10);
    await lab.reached();
    const tcpdump = lab.start(
      'sh',
      '-c',
      `'${process.execPath}' '${mainPath()}' capture sw1 trunk | tcpdump -e -n -l -r -`,
    );
    const server = lab.startIn(lab.h2, 'iperf3', '-s', '-1', '--forceflush');
    await server.waitFor(/Server listening/);
    // Super-frames of the hosts are cut, and get their tag piece by piece.
    const sent = JSON.parse(await lab.h1.run('iperf3', '-c', '10.99.0.2', '-n', '20M', '-J'));
    expect(sent.end.sum_received.bytes).toBeGreaterThan(10e6);
    await tcpdump.waitFor(/vlan 10, p 0, ethertype IPv4/);
    expect(await lab.ringlet('macs', 'sw2')).toMatch(/ 10 /);
    await lab.ringlet('del-port', 'sw2', 'e2');
    await lab.ringlet('add-port', 'sw2', 'eth:e2,tag=20');
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
    await monitor.waitFor(/PORT_STATUS.* MOD: 2\(e2\)[\s\S]*LINK_DOWN/);
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

  it('lets super-frames pass whole where that is right, and finishes them where rules rewrite', async () => {
    await lab.bridge('--fail-mode', 'secure');
    const rules = (command: string, ...args: string[]) => lab.ofctl('-O', 'OpenFlow13', command, 'sw1', ...args);
    /** Sends over TCP, and resolves to the mean size of the frames that left for h2. */
    const send = async () => {
      const ports = () => lab.ask<PortReport[]>('ports');
      const server = lab.startIn(lab.h2, 'iperf3', '-s', '-1', '--forceflush');
      await server.waitFor(/Server listening/);
      const [, before] = await ports();
      const report = JSON.parse(await lab.h1.run('iperf3', '-c', '10.99.0.2', '-n', '30M', '-J'));
      expect(report.end.sum_received.bytes).toBeGreaterThan(25e6);
      await server.exited;
      const [, after] = await ports();
      return (after!.txBytes - before!.txBytes) / (after!.txFrames - before!.txFrames);
    };
    await rules('add-flow', 'priority=1,in_port=1,actions=output:2');
    await rules('add-flow', 'priority=1,in_port=2,actions=output:1');
    await lab.reached();
    expect(await send()).toBeGreaterThan(5_000);
    await rules('add-meter', 'meter=1,kbps,band=type=drop,rate=50000000');
    await rules('add-group', 'group_id=1,type=select,bucket=output:2');
    const tag = 'push_vlan:0x8100,set_field:4103->vlan_vid';
    await rules('add-flow', `priority=2,tcp,in_port=1,actions=meter:1,${tag},write_metadata:5,goto_table:1`);
    await rules('add-flow', 'table=1,metadata=5,dl_vlan=7,actions=pop_vlan,group:1');
    expect(await send()).toBeGreaterThan(5_000);
    expect(await rules('dump-flows', 'table=1')).not.toContain('n_packets=0,');
    await rules(
      'add-flow',
      'priority=10,tcp,in_port=1,actions=dec_ttl,set_field:10.99.0.1->ip_src,set_field:5201->tcp_dst,output:2',
    );
    expect(await send()).toBeLessThan(1_515);
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
      return /020000000009[0-9a-f]{12}08060001080006040002[0-9a-f]{12}0a630002/.test(reply());
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
      return (
        /10\.99\.0\.1 > 10\.99\.0\.2: ICMP echo request/.test(text) &&
        /10\.99\.0\.2 > 10\.99\.0\.1: ICMP echo reply/.test(text)
      );
    });
    const closed = new Promise((resolve) => capture.once('close', resolve));
    await lab.ringlet('del-port', 'sw1', 'e1');
    await closed;
    expect(capture.exitCode).toBe(0);
  });
});

describe('ringlet bridge under a controller', () => {
  const target = 'tcp:127.0.0.1:6653';
  const learning = (...args: string[]) => lab.start('ovs-testcontroller', ...args, 'ptcp:6653:127.0.0.1');
  const secure = ['--fail-mode', 'secure'];
  const isConnected = async () => (await status()).controllers.every(({ state }) => state === 'connected');

  it('that is ovs-testcontroller: forwards by its rules, keeps them when it dies, and finds it again', async () => {
    const first = learning();
    const bridge = await lab.bridge('--controller', target, ...secure);
    await lab.reached();
    expect(await lab.ofctl('-O', 'OpenFlow13', 'dump-flows', 'sw1')).toMatch(/in_port=(1|e1).*actions=output:2/);
    await first.stop('SIGKILL');
    await until(async () => !(await isConnected()));
    await lab.reached();
    const rules = await lab.ringlet('flows', 'sw1');
    expect(rules).toMatch(/actions=output:2/);
    learning();
    await until(isConnected);
    const lost = logged(bridge.printed(), 'controller lost')!;
    expect(lost.retryMs).toBeLessThanOrEqual(200);
    await lab.reached();
  });

  it('tries less and less often while there is none, and finds it when there is one', async () => {
    const bridge = await lab.bridge('--controller', target, ...secure, '--log-level', 'debug');
    await until(() => (bridge.printed().match(/controller cannot be reached/g)?.length ?? 0) >= 4);
    const waits = [...bridge.printed().matchAll(/"retryMs":(\d+)/g)].map(([, ms]) => Number(ms));
    for (const [i, least] of [100, 200, 400, 800].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(least);
      expect(waits[i]).toBeLessThanOrEqual(2 * least);
    }
    learning();
    await until(isConnected);
    await lab.reached();
  });

  it('forwards on its own when there is none for three probes, unless it is secure', async () => {
    const bridge = await lab.bridge('--controller', target, '--probe', '0.5');
    expect(await lab.reaches()).toBe(false);
    await bridge.waitFor(/no controller for too long/);
    await lab.reached();
    expect(await status()).toMatchObject({ failMode: 'standalone', isAlone: true });
    learning();
    await bridge.waitFor(/a controller is back/);
    await lab.reached();
    expect(await status()).toMatchObject({
      isAlone: false,
      controllers: [{ target, state: 'connected', role: 'equal' }],
    });
  });

  it('that stops to answer is given up', async () => {
    const controller = learning();
    const bridge = await lab.bridge('--controller', target, '--probe', '1', ...secure);
    await lab.reached();
    controller.process.kill('SIGSTOP');
    await bridge.waitFor(/"reason":"nothing heard for 2 s".*controller lost/);
    controller.process.kill('SIGCONT');
    await until(isConnected);
  });

  it('that speaks no version of ours is told, in one line', async () => {
    learning('-O', 'OpenFlow11');
    const bridge = await lab.bridge('--controller', target, ...secure);
    await bridge.waitFor(/controller cannot be reached/);
    expect((await status()).controllers[0]!.problem).toMatch(/spoken here, 1\.1 was offered/);
    expect(bridge.printed().match(/"level":40/g)).toHaveLength(1);
  });

  it.each([3, 4, 5])('that is os-ken in OpenFlow 1.%i', async (minor) => {
    const app = new URL('support/learning-switch.py', import.meta.url).pathname;
    const manager = ['osken-manager', '--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', '6653', app];
    const controller = lab.start('env', `OFP_MINOR=${minor}`, ...manager);
    const bridge = await lab.bridge('--controller', target, '--datapath-id', '0x2a', ...secure);
    await controller.waitFor(new RegExp(`switch 000000000000002a speaks 1.${minor}`), 30_000);
    await lab.reached();
    expect(await lab.ringlet('flows', 'sw1')).toMatch(/priority=1,in_port=.*actions=output:/);
    expect(bridge.printed()).not.toMatch(/"level":[45]0.*lost/);
  });

  it('holds up nobody, whether it floods, does not read, is silent or talks nonsense', async () => {
    const script = new URL('support/bad-controllers.mjs', import.meta.url).pathname;
    await lab.start(process.execPath, script).waitFor(/ready/);
    learning();
    const bad = [7001, 7002, 7003, 7004].flatMap((port) => ['--controller', `tcp:127.0.0.1:${port}`]);
    const bridge = await lab.bridge('--controller', target, ...bad, ...secure);
    await until(async () => (await status()).controllers[0]!.state === 'connected');
    await lab.reached();
    const echoes = await lab.h1.run('ping', '-n', '-c', '200', '-i', '0.01', '-W', '2', '10.99.0.2');
    expect(echoes).toMatch(/ (199|200) received/);
    const load = lab.startIn(lab.h2, 'iperf3', '-s', '-1', '--forceflush');
    await load.waitFor(/Server listening/);
    await lab.h1.run('iperf3', '-c', '10.99.0.2', '-n', '20M');
    expect((await status()).controllers[0]).toMatchObject({ state: 'connected' });
    const memory = await lab.between.run('cat', `/proc/${bridge.process.pid}/status`);
    expect(Number(/VmRSS:\s+(\d+)/.exec(memory)![1])).toBeLessThan(400_000);
    expect(bridge.printed()).not.toMatch(/"level":[56]0/);
  });

  it('is watched by ovs-ofctl snoop, beside a second controller', async () => {
    learning();
    const unix = `unix:${join(lab.directory, 'second.sock')}`;
    lab.start('ovs-testcontroller', '-H', `p${unix}`);
    await lab.bridge('--controller', target, '--controller', unix, ...secure);
    await until(isConnected);
    const snoop = lab.start('ovs-ofctl', 'snoop', 'sw1');
    await until(async () => {
      await lab.reaches();
      return /OFPT_PACKET_IN[\s\S]*OFPT_(FLOW_MOD|PACKET_OUT)/.test(snoop.printed());
    });
    expect((await status()).controllers.map((controller) => controller.target)).toEqual([target, unix]);
  });
});

describe('ringlet bridge over TLS', () => {
  /** An authority for controllers and one for switches, and a key for each. */
  async function makeKeys(): Promise<(file: string) => string> {
    const folder = join(lab.directory, 'pki');
    mkdirSync(folder);
    const pki = (...args: string[]) =>
      lab.between.run('bash', '-c', 'cd "$0" && shift 0 && exec ovs-pki --dir=pki --log=log "$@"', folder, ...args);
    await pki('init');
    await pki('req+sign', 'ctl', 'controller');
    await pki('req+sign', 'sw', 'switch');
    return (file) => join(folder, file);
  }

  it('proves who it is to its controller and to its clients, and checks who they are', async () => {
    const file = await makeKeys();
    const ours = ['--private-key', file('sw-privkey.pem'), '--certificate', file('sw-cert.pem')];
    const authority = ['--ca-cert', file('pki/controllerca/cacert.pem')];
    const theirs = [`--private-key=${file('ctl-privkey.pem')}`, `--certificate=${file('ctl-cert.pem')}`];
    // In OpenFlow 1.5, ovs-testcontroller 3.1 dies of its first packet-in over TLS.
    const controller = lab.start(
      'ovs-testcontroller',
      ...['-O', 'OpenFlow13', ...theirs],
      `--ca-cert=${file('pki/switchca/cacert.pem')}`,
      'pssl:6653:127.0.0.1',
    );
    const bridge = await lab.bridge(
      ...['--controller', 'ssl:127.0.0.1', '--listen', 'pssl:6654:127.0.0.1', '--fail-mode', 'secure'],
      ...[...ours, ...authority],
    );
    await lab.reached();
    const tool = ['-O', 'OpenFlow13', ...theirs, `--ca-cert=${file('pki/switchca/cacert.pem')}`];
    expect(await lab.ofctl(...tool, 'show', 'ssl:127.0.0.1:6654')).toContain('1(e1)');
    const stranger = tool.map((arg) => arg.replace('ctl-', 'sw-'));
    await expect(lab.ofctl(...stranger, 'show', 'ssl:127.0.0.1:6654')).rejects.toThrow();
    await bridge.waitFor(/OpenFlow client refused/);
    await bridge.stop();
    const wrong = await lab.bridge(
      ...['--controller', 'ssl:127.0.0.1', '--fail-mode', 'secure', ...ours],
      ...['--ca-cert', file('pki/switchca/cacert.pem')],
    );
    await wrong.waitFor(/controller cannot be reached/);
    expect((await status()).controllers[0]).toMatchObject({
      state: 'waiting',
      problem: expect.stringMatching(/CERT|certificate|SIGNATURE|ISSUER/),
    });
    await controller.stop();
  });

  it('names a key that is missing or of another certificate', async () => {
    const file = await makeKeys();
    writeFileSync(file('empty.pem'), '');
    const start = (key: string, certificate: string) =>
      lab.ringlet('bridge', '--listen', 'pssl:6654', '--private-key', file(key), '--certificate', file(certificate));
    await expect(start('nothing.pem', 'sw-cert.pem')).rejects.toThrow(/cannot read .*nothing.pem \(ENOENT\)/);
    await expect(start('empty.pem', 'sw-cert.pem')).rejects.toThrow(/cannot be used/);
    await expect(start('ctl-privkey.pem', 'sw-cert.pem')).rejects.toThrow(/cannot be used.*mismatch/);
  });
});

function logged(text: string, msg: string): Record<string, number> | undefined {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .find((entry) => entry.msg === msg);
}

function mainPath(): string {
  return new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
}
