import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemons } from './daemons.ts';
import type { Hosts } from './hosts.ts';
import { type Joint, type Joints, linuxBridge, measureJoints, ratio, showJoints } from './joints.ts';
import { rulesBetween } from './switch-rules.ts';

const ringlet = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const ovsSchema = '/usr/share/openvswitch/vswitch.ovsschema';
const ruleCount = 1000;

/** What a bridge does with frames: by the rules, or as a learning switch. */
type Forwarding = 'rules' | 'NORMAL';

/** `ringlet bridge` as users run it: a process of its own, rules from ovs-ofctl. */
const ours =
  (kind: 'tap' | 'eth', forwarding: Forwarding): Joint =>
  async (hosts) => {
    const daemons = new Daemons(hosts.middle);
    try {
      if (kind === 'eth') await hosts.joinByVeth();
      const ports = ['port-a', 'port-b'].flatMap((name, i) => ['--port', `${i + 1}@${kind}:${name}`]);
      const mode = forwarding === 'rules' ? 'secure' : 'standalone';
      const args = [ringlet, 'bridge', '--name', 'br0', ...ports, '--fail-mode', mode];
      await daemons.start(/Ctrl-C ends it/, process.execPath, ...args);
      if (forwarding === 'rules') await addRules(hosts, daemons, join(daemons.folder, 'br0.mgmt'));
      if (kind === 'tap') await hosts.takePorts();
      return () => daemons.end();
    } catch (error) {
      await daemons.end();
      throw error;
    }
  };

/** Open vSwitch's userspace datapath, by daemons of our own. */
const openVSwitch: Joint = async (hosts) => {
  const daemons = new Daemons(hosts.middle);
  try {
    const database = `unix:${join(daemons.folder, 'db.sock')}`;
    const file = join(daemons.folder, 'conf.db');
    await daemons.run('ovsdb-tool', 'create', file, ovsSchema);
    await daemons.start(
      /ovsdb-server \(Open vSwitch\)/,
      'ovsdb-server',
      file,
      `--remote=p${database}`,
      '--verbose=INFO',
    );
    await daemons.run('ovs-vsctl', `--db=${database}`, '--no-wait', 'init');
    await daemons.start(/connected/, 'ovs-vswitchd', database, '--disable-system');
    const port = (name: string, no: number) => {
      const settings = ['type=tap', `ofport_request=${no}`];
      return ['--', 'add-port', 'br0', name, '--', 'set', 'Interface', name, ...settings];
    };
    await daemons.run(
      ...(['ovs-vsctl', `--db=${database}`, '--timeout=20', 'add-br', 'br0', '--', 'set', 'bridge', 'br0'] as const),
      ...['datapath_type=netdev', 'fail_mode=secure', ...port('port-a', 1), ...port('port-b', 2)],
    );
    await addRules(hosts, daemons, join(daemons.folder, 'br0.mgmt'));
    await hosts.takePorts();
    return () => daemons.end();
  } catch (error) {
    await daemons.end();
    throw error;
  }
};

async function addRules({ addresses }: Hosts, daemons: Daemons, socket: string): Promise<void> {
  const file = join(daemons.folder, 'rules');
  writeFileSync(file, rulesBetween(addresses.a, addresses.b, ruleCount));
  await daemons.run('ovs-ofctl', '-O', 'OpenFlow13', 'add-flows', `unix:${socket}`, file);
  const aggregate = await daemons.run('ovs-ofctl', '-O', 'OpenFlow13', 'dump-aggregate', `unix:${socket}`);
  if (!aggregate.includes(`flow_count=${ruleCount}`)) throw new Error(`rules are missing: ${aggregate}`);
}

const yardsticks = { 'Open vSwitch, rules': '/ OVS', 'Linux bridge': '/ Linux' } as const;
const [ovs, kernel] = Object.keys(yardsticks) as (keyof typeof yardsticks)[];

const joints: Joints = {
  'Linux bridge': linuxBridge,
  'Open vSwitch, rules': openVSwitch,
  'TAP, rules': ours('tap', 'rules'),
  'TAP, NORMAL': ours('tap', 'NORMAL'),
  'veth, rules': ours('eth', 'rules'),
  'veth, NORMAL': ours('eth', 'NORMAL'),
};

const targets = [
  { key: 'tcp', beside: ovs, least: 8 },
  { key: 'tcp', beside: kernel, least: 0.6 },
  { key: 'small', beside: ovs, least: 1 },
] as const;

/** Beside Open vSwitch and the Linux bridge, between two hosts. Prints figures; false: they are below the targets. */
export async function compareBetweenHosts(rounds: number, seconds: number): Promise<boolean> {
  const results = await measureJoints(joints, rounds, seconds);
  showJoints(results, yardsticks);
  let isReached = true;
  for (const name of ['TAP, rules', 'veth, rules']) {
    for (const { key, beside, least } of targets) {
      const found = ratio(results, key, name, beside!);
      if (found >= least) continue;
      isReached = false;
      console.log(`below the target: ${name}, ${key}, ${found.toFixed(2)} times ${beside} instead of ${least}`);
    }
  }
  return isReached;
}
