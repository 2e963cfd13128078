import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofctl } from './support/ofctl.ts';
import { RealOvs } from './support/real-ovs.ts';
import { ServedBridge } from './support/served-bridge.ts';

const protocols = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'] as const;
type Protocol = (typeof protocols)[number];

let ours: ServedBridge;
let theirs: RealOvs;

beforeAll(async () => {
  theirs = await RealOvs.start('0000525400123456', ['p1', 'p2']);
  ours = await ServedBridge.start();
  ours.addLocal();
  ours.addLeaf('p1', 1);
  ours.addLeaf('p2', 2);
});

afterAll(async () => {
  await ours?.stop();
  await theirs?.stop();
});

/** Without what differs from run to run, in an order that does not depend on hash tables. */
function plain(text: string): string[] {
  return (
    text
      .replaceAll(/ ?\(xid=0x[0-9a-f]+\)/g, '')
      .replaceAll(/duration[:=]?[0-9.]+s/g, 'duration=Xs')
      .replaceAll(/(addr:)[0-9a-f:]{17}/g, '$1X')
      .replaceAll(/, (idle|hard)_age=\d+/g, '')
      // Open vSwitch counts packets late, and then for whichever rule stands there.
      .replaceAll(/n_(packets|bytes)=\d+/g, 'n_$1=N')
      .replaceAll(/unix:\S*/g, 'SOCKET')
      // Open vSwitch does it, but does not say so.
      .replaceAll(' FLOW_MONITORING', '')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line !== '' && !/^[0-9a-f]{8} /.test(line))
      .sort()
  );
}

/** Both answer alike, and are left in the same state. */
async function alike(protocol: Protocol, command: string, ...args: string[]): Promise<string> {
  const [mine, real] = await Promise.all([
    ofctl(ours.folder, protocol, command, args),
    ofctl(theirs.folder, protocol, command, args),
  ]);
  const shown = ({ code, stdout, stderr }: typeof mine) => ({ code, stdout: plain(stdout), stderr: plain(stderr) });
  expect(shown(mine), `${command} ${args.join(' ')}`).toEqual(shown(real));
  return mine.stdout + mine.stderr;
}

/** What `ovs-ofctl monitor` prints of both, for as long as `work` takes and until they are alike. */
async function monitoredAlike(protocol: Protocol, args: readonly string[], work: () => Promise<void>): Promise<string> {
  const monitors = [ours.folder, theirs.folder].map((folder) => {
    const options = { env: { ...process.env, OVS_RUNDIR: folder } };
    const child = spawn('ovs-ofctl', ['-O', protocol, 'monitor', 'br', ...args], options);
    const monitor = { child, printed: '' };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (monitor.printed += chunk));
    return monitor;
  });
  const until = async (isSo: () => boolean) => {
    for (const end = performance.now() + 10_000; !isSo() && performance.now() < end; ) await sleep(20);
  };
  try {
    const isListening = () => [...ours.agent.connections].some(({ missSendLen }) => missSendLen > 0);
    await until(() => isListening() || monitors.every(({ printed }) => printed.includes('reply')));
    // Of the other one, nobody can tell.
    await sleep(300);
    await work();
    const [mine, real] = monitors;
    const same = () => JSON.stringify(plain(mine!.printed)) === JSON.stringify(plain(real!.printed));
    await until(same);
    expect(plain(mine!.printed)).toEqual(plain(real!.printed));
    return mine!.printed;
  } finally {
    for (const { child } of monitors) child.kill();
  }
}

/** Commands whose answers speak of the switch itself: both succeed. */
async function bothAnswer(protocol: Protocol, command: string, ...args: string[]): Promise<string> {
  const [mine, real] = await Promise.all([
    ofctl(ours.folder, protocol, command, args),
    ofctl(theirs.folder, protocol, command, args),
  ]);
  expect([mine.code, mine.stderr], `${command}: ${mine.stderr}`).toEqual([real.code, real.stderr]);
  return mine.stdout;
}

describe.each(protocols)('ovs-ofctl in %s', (protocol) => {
  const number = Number(protocol.slice(-2));
  const same = (command: string, ...args: string[]) => alike(protocol, command, ...args);

  it('is shown the same switch', async () => {
    await same('show');
    await same('dump-ports-desc');
    await same('get-frags');
    await same('set-frags', 'drop');
    await same('get-frags');
    await same('set-frags', 'normal');
    await bothAnswer(protocol, 'probe');
    await bothAnswer(protocol, 'ping');
    await bothAnswer(protocol, 'benchmark', '100', '10');
    await bothAnswer(protocol, 'dump-desc');
    await bothAnswer(protocol, 'dump-tables');
    await bothAnswer(protocol, 'dump-ports');
    if (number >= 13) await bothAnswer(protocol, 'dump-table-features');
  });

  it('changes ports', async () => {
    for (const change of [
      'no-receive',
      'no-forward',
      'no-packet-in',
      'down',
      'up',
      'packet-in',
      'forward',
      'receive',
    ]) {
      await same('mod-port', 'p1', change);
      await same('dump-ports-desc');
    }
    await same('mod-port', '77', 'down');
  });

  it('adds, changes and deletes flows', async () => {
    await same('add-flow', 'cookie=1,in_port=1,actions=output:2');
    await same(
      'add-flow',
      'cookie=2,priority=9,in_port=1,ip,nw_src=10.0.0.0/8,actions=mod_dl_src:02:00:00:00:00:09,output:2',
    );
    await same('add-flow', 'table=4,cookie=0x13,tcp,tp_dst=80,idle_timeout=60,hard_timeout=90,actions=output:1');
    await same('add-flow', 'dl_vlan=5,dl_vlan_pcp=3,actions=strip_vlan,IN_PORT');
    await same('add-flow', 'udp,nw_tos=184,tp_src=53,actions=CONTROLLER:128');
    await same('add-flow', 'arp,arp_op=1,arp_spa=10.0.0.1,actions=FLOOD,LOCAL');
    await same('add-flow', 'priority=0,actions=NORMAL');
    await same('add-flow', 'send_flow_rem,check_overlap,icmp,icmp_type=8,priority=77,actions=drop');
    await same('dump-flows');
    await same('dump-flows', 'in_port=1');
    await same('dump-flows', 'cookie=2/-1');
    await same('dump-flows', 'table=4');
    await same('dump-flows', 'out_port=1');
    await same('dump-aggregate', 'table=4');
    await same('dump-aggregate');
    await same('mod-flows', 'cookie=7,in_port=1,actions=output:3');
    await same('mod-flows --strict', 'in_port=1,priority=9,ip,nw_src=10.0.0.0/8,actions=drop');
    await same('mod-flows', 'dl_src=02:00:00:00:00:77,actions=output:1');
    await same('dump-flows');
    await same('add-flow', 'check_overlap,priority=77,ip,actions=drop');
    await same('del-flows', 'cookie=0x13/-1');
    await same('del-flows --strict', 'priority=0');
    await same('del-flows', 'out_port=3');
    await same('dump-flows');
    await same('diff-flows', '/dev/null');
    await same('replace-flows', '/dev/null');
    await same('dump-flows');
  });

  it('compares and replaces flows by files', async () => {
    const files = ['in_port=1,actions=output:2\npriority=7,ip,actions=output:1\n', 'in_port=1,actions=output:3\n'];
    const [one, other] = files.map((_, i) => join(ours.folder, `flows${i}`));
    await Promise.all(files.map((text, i) => writeFile([one!, other!][i]!, text)));
    await same('add-flows', one!);
    await same('diff-flows', one!);
    await same('diff-flows', other!);
    await same('replace-flows', other!);
    await same('dump-flows');
    await same('replace-flows --bundle', one!);
    await same('add-flows --bundle', other!);
    await same('mod-flows --bundle', 'ip,actions=drop');
    await same('diff-flows', other!);
    await same('dump-flows --no-stats');
    await same('dump-flows --names');
    await same('dump-flows --rsort=priority');
    await same('del-flows');
  });

  it('has fields and actions of Open vSwitch', async () => {
    await same('add-flow', 'reg0=2/3,actions=set_field:9->reg3,set_field:0x10/0x10->reg4,push:reg1[],pop:reg2[]');
    await same('add-flow', 'reg0=7,pkt_mark=1,tun_src=1.2.3.4,tun_dst=2.3.4.0/24,actions=note:01.02.03,output:reg1[]');
    await same('add-flow', 'actions=load:7->NXM_NX_REG0[30..35]');
    await same('add-flow', 'actions=load:7->NXM_OF_IP_SRC[]');
    await same(
      'add-flow',
      'ip,actions=load:0x0a000001->NXM_OF_IP_SRC[],move:NXM_OF_IP_SRC[0..15]->NXM_OF_IP_DST[16..31]',
    );
    await same('add-flow', 'reg5=7,actions=controller(userdata=01.02),controller(id=3,reason=no_match,max_len=9)');
    await same('dump-flows');
    await same('del-flows', 'reg0=7');
    await same('dump-flows');
    await same('del-flows');
  });

  it('has tunnel options', async () => {
    const map = (type: number, length: number, index: number) =>
      `{class=0xffff,type=${type},len=${length}}->tun_metadata${index}`;
    await same('add-tlv-map', `${map(0, 4, 0)},${map(1, 8, 1)}`);
    await same('add-tlv-map', map(0, 4, 5));
    await same('add-tlv-map', map(7, 4, 0));
    await same('add-flow', 'tun_metadata0=0x1234,actions=set_field:0x55->tun_metadata1,output:1');
    await same('add-flow', 'tun_metadata7=1,actions=drop');
    await same('dump-flows');
    await same('del-tlv-map', map(0, 4, 0));
    await same('del-flows', 'tun_metadata0=0x1234');
    await same('dump-flows');
    await bothAnswer(protocol, 'dump-tlv-map');
    await same('del-tlv-map', map(0, 4, 0));
    await same('del-tlv-map');
    await bothAnswer(protocol, 'dump-tlv-map');
  });

  it('has nothing to tell of connections and of IPFIX', async () => {
    await same('ct-flush');
    await same('ct-flush', 'zone=5');
    await same('ct-flush-zone', '5');
    await same('dump-ipfix-bridge');
    await same('dump-ipfix-flow');
  });

  it('is told of flows that change', async () => {
    await same('add-flow', 'cookie=1,in_port=1,actions=output:2');
    const printed = await monitoredAlike(protocol, ['watch:'], async () => {
      await same('add-flow', 'cookie=2,ip,idle_timeout=60,actions=drop');
      await same('mod-flows', 'in_port=1,actions=output:1');
      await same('del-flows', 'cookie=2/-1');
      await same('add-flow', 'table=3,cookie=3,tcp,tp_dst=80,actions=output:2');
      await same('del-flows', 'cookie=1/-1');
    });
    expect(printed).toMatch(/ADDED .*MODIFIED .*DELETED /s);
    await same('del-flows');
  });

  it('is told of packets and of flows that go', async () => {
    const packet = 'packet=0002000000010002000000020800450000140000000040000000000000000000000000';
    const printed = await monitoredAlike(protocol, ['65535'], async () => {
      await same('packet-out', `in_port=1,${packet},actions=CONTROLLER`);
      await same('add-flow', 'send_flow_rem,cookie=9,in_port=2,actions=drop');
      await same('del-flows', 'in_port=2');
    });
    expect(printed).toMatch(/PACKET_IN.*FLOW_REMOVED/s);
  });

  it('changes many flows at once', async () => {
    await same('add-flow --bundle', 'in_port=1,actions=output:2');
    await same('add-flow --bundle', 'in_port=2,actions=group:99');
    await same('dump-flows');
    await same('del-flows --bundle');
    await same('dump-flows');
  });

  it('has groups', async () => {
    await same('add-group', 'group_id=1,type=all,bucket=output:1,bucket=output:2');
    await same('add-group', 'group_id=2,type=select,bucket=weight:10,output:1,bucket=weight:20,output:2');
    await same('add-group', 'group_id=3,type=ff,bucket=watch_port:1,output:1,bucket=watch_port:2,output:2');
    await same('add-group', 'group_id=4,type=indirect,bucket=output:1');
    await same('add-group', 'group_id=1,type=all,bucket=output:1');
    await same('mod-group', 'group_id=9,type=all,bucket=output:1');
    await same('mod-group', 'group_id=1,type=all,bucket=output:2');
    await same('add-flow', 'in_port=1,actions=group:1');
    await same('dump-groups');
    await same('dump-group-stats');
    await same('dump-group-stats', 'group_id=2');
    await bothAnswer(protocol, 'dump-group-features');
    if (number >= 15) {
      await same('insert-buckets', 'group_id=1,command_bucket_id=first,bucket=bucket_id:7,output:1');
      await same('remove-buckets', 'group_id=1,command_bucket_id=last');
      await same('dump-groups', '1');
    }
    await same('del-groups', 'group_id=1');
    await same('dump-flows');
    await same('del-groups');
    await same('dump-groups');
  });

  it('has queues to ask for', async () => {
    await bothAnswer(protocol, 'queue-stats');
    await same('queue-stats', '1', '5');
    await same('queue-stats', '77');
    await bothAnswer(protocol, 'queue-get-config', '1');
    await same('queue-get-config', '77');
  });

  it('sends packets', async () => {
    const packet = 'packet=0002000000010002000000020800450000140000000040000000000000000000000000';
    await same('packet-out', `in_port=controller,${packet},actions=output:1,output:2`);
    await same('packet-out', `in_port=1,${packet},actions=TABLE`);
  });

  it('is refused what makes no sense', async () => {
    await same('add-flow', 'actions=group:77');
    await same('add-flow', 'table=3,actions=goto_table:2');
    await bothAnswer(protocol, 'dump-tlv-map');
  });
});

describe.each(protocols.slice(1))('ovs-ofctl in %s', (protocol) => {
  const same = (command: string, ...args: string[]) => alike(protocol, command, ...args);

  it('has meters', async () => {
    await same('add-meter', 'meter=1,kbps,stats,band=type=drop,rate=1000');
    await same('add-meter', 'meter=2,pktps,burst,band=type=drop,rate=10,burst_size=20');
    await same('add-meter', 'meter=1,kbps,band=type=drop,rate=1');
    await same('dump-meters');
    await same('meter-stats');
    await same('mod-meter', 'meter=2,pktps,band=type=drop,rate=11');
    await same('mod-meter', 'meter=9,pktps,band=type=drop,rate=11');
    await same('dump-meters');
    await bothAnswer(protocol, 'meter-features');
    await same('del-meters');
    await same('dump-meters');
  });
});

describe.each(protocols.slice(2))('ovs-ofctl in %s', (protocol) => {
  const same = (command: string, ...args: string[]) => alike(protocol, command, ...args);

  it('has tables to set', async () => {
    await same('dump-table-desc');
    await same('mod-table', '3', 'evict');
    await same('mod-table', '4', 'vacancy:20,80');
    await same('dump-table-desc');
    await same('mod-table', '3', 'noevict');
    await same('mod-table', '4', 'novacancy');
  });
});
