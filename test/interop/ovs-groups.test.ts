import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frame, mac } from '../unit/support/switch-lab.ts';
import { ServedBridge } from './support/served-bridge.ts';

let served: ServedBridge;

beforeEach(async () => {
  served = await ServedBridge.start();
  for (let port = 1; port <= 3; port++) served.addLeaf(`p${port}`, port);
});

afterEach(() => served.stop());

/** Lines of the output of a command that must succeed, without times; the first says what it is. */
async function lines(command: string, ...args: string[]): Promise<string[]> {
  const answer = await served.ofctl(command, ...args);
  expect(answer, answer.stderr).toMatchObject({ code: 0 });
  const text = answer.stdout.replaceAll(/duration[=:][0-9.]+s[, ]?/g, '');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

const done = async (command: string, ...args: string[]) => expect(await lines(command, ...args)).toEqual([]);

async function refusal(command: string, ...args: string[]): Promise<string> {
  const answer = await served.ofctl(command, ...args);
  expect(answer.code).toBe(1);
  return answer.stderr.match(/OFP\w+FC_\w+|OFP\w+C_\w+/)?.[0] ?? answer.stderr;
}

function send(count: number): void {
  served.bridge.receive(1, Array<Uint8Array>(count).fill(frame(mac(2), mac(1))), 0);
}

describe('ovs-ofctl and groups', () => {
  it('adds, shows, changes and deletes them', async () => {
    await done('add-group', 'group_id=1,type=all,bucket=output:2,bucket=set_field:02:00:00:00:00:09->eth_src,output:3');
    await done('add-group', 'group_id=2,type=select,bucket=weight:3,output:2,bucket=weight:1,watch_port:3,output:3');
    await done('add-group', 'group_id=3,type=ff,bucket=watch_port:2,output:2,bucket=watch_group:2,output:3');
    expect(await lines('dump-groups')).toEqual([
      'group_id=1,type=all,bucket=actions=output:2,bucket=actions=set_field:02:00:00:00:00:09->eth_src,output:3',
      'group_id=2,type=select,bucket=weight:3,actions=output:2,bucket=watch_port:3,actions=output:3',
      'group_id=3,type=ff,bucket=watch_port:2,actions=output:2,bucket=watch_group:2,actions=output:3',
    ]);
    await done('mod-group', 'group_id=1,type=indirect,bucket=output:3');
    await done('add-flow', 'in_port=1,actions=group:1');
    send(3);
    expect(served.sent.get('p3')).toHaveLength(3);
    expect(await lines('dump-group-stats', 'group_id=1')).toEqual([
      'group_id=1,ref_count=1,packet_count=3,byte_count=180,bucket0:packet_count=3,byte_count=180',
    ]);
    expect(await refusal('add-group', 'group_id=1,type=all')).toBe('OFPGMFC_GROUP_EXISTS');
    expect(await refusal('mod-group', 'group_id=1,type=indirect,bucket=group:1')).toBe('OFPGMFC_LOOP');
    expect(await refusal('add-flow', 'in_port=2,actions=group:9')).toBe('OFPBAC_BAD_OUT_GROUP');
    await done('del-groups', 'group_id=1');
    expect(await lines('dump-flows')).toEqual([]);
    await done('del-groups');
    expect(await lines('dump-groups')).toEqual([]);
  });

  it('tells what groups can do', async () => {
    expect((await lines('dump-group-features')).slice(0, 3).map((line) => line.replaceAll(/0x|,/g, ''))).toEqual([
      'Group table:',
      'Types:  f',
      'Capabilities:  7',
    ]);
  });

  it('inserts and removes buckets in 1.5', async () => {
    const of15 = (command: string) => `${command} -O OpenFlow15`;
    await done(of15('add-group'), 'group_id=1,type=all,bucket=bucket_id:5,actions=output:2');
    await done(of15('insert-buckets'), 'group_id=1,command_bucket_id=first,bucket=bucket_id:1,actions=output:3');
    await done(of15('insert-buckets'), 'group_id=1,command_bucket_id=1,bucket=bucket_id:2,actions=output:1');
    expect(await lines(of15('dump-groups'))).toEqual([
      'group_id=1,type=all,bucket=bucket_id:1,actions=output:3,bucket=bucket_id:2,actions=output:1,bucket=bucket_id:5,actions=output:2',
    ]);
    await done(of15('remove-buckets'), 'group_id=1,command_bucket_id=2');
    expect(await refusal(of15('remove-buckets'), 'group_id=1,command_bucket_id=2')).toBe('OFPGMFC_UNKNOWN_BUCKET');
  });
});

describe('ovs-ofctl and meters', () => {
  it('adds, shows, changes and deletes them', async () => {
    await done('add-meter', 'meter=1,pktps,burst,stats,bands=type=drop,rate=1,burst_size=2');
    await done('add-meter', 'meter=2,kbps,bands=type=drop,rate=500,type=dscp_remark,rate=100,prec_level=1');
    expect(await lines('dump-meters')).toEqual([
      'meter=1 pktps burst stats bands=',
      'type=drop rate=1 burst_size=2',
      '',
      'meter=2 kbps bands=',
      'type=drop rate=500',
      'type=dscp_remark rate=100 prec_level=1',
    ]);
    await done('add-flow', 'in_port=1,actions=meter:1,output:2');
    send(5);
    expect(served.sent.get('p2')).toHaveLength(2);
    expect((await lines('meter-stats', 'meter=1')).join(' ').replaceAll(/ +/g, ' ')).toBe(
      'meter:1 flow_count:1 packet_in_count:5 byte_in_count:300 bands: 0: packet_count:3 byte_count:180',
    );
    expect(await refusal('add-meter', 'meter=1,kbps,bands=type=drop,rate=1')).toBe('OFPMMFC_METER_EXISTS');
    expect(await refusal('mod-meter', 'meter=9,kbps,bands=type=drop,rate=1')).toBe('OFPMMFC_UNKNOWN_METER');
    expect(await refusal('add-flow', 'in_port=2,actions=meter:9,output:2')).toBe('OFPMMFC_INVALID_METER');
    await done('del-meters', 'meter=1');
    expect(await lines('dump-flows')).toEqual([]);
    expect((await lines('meter-features')).slice(0, 2)).toEqual([
      'max_meter:16384 max_bands:16 max_color:0',
      'band_types: drop dscp_remark',
    ]);
  });
});
