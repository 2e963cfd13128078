import { expect, test } from 'vitest';
import { parseAcl } from '../../src/controller/index.ts';
import { ControllerLab } from './support/controller-lab.ts';

const withList = (...lines: string[]) =>
  new ControllerLab({ apps: ['acl', 'learning'], acl: parseAcl(lines.join('\n'), 'rules.acl') });

test('what the controller relays passes the list of the switch where it leaves, too', () => {
  const lab = withList('switch=2 drop dl_type=0x9000');
  const switches = [1, 2, 3].map(() => lab.addSwitch());
  lab.link(switches[0]!, switches[1]!);
  lab.link(switches[1]!, switches[2]!);
  for (const each of switches) lab.addHost(each);
  for (const each of switches) each.connect();
  lab.run(1500);
  const [a, b, c] = lab.hosts;
  // Of a sender that nobody knows: to all, and to one.
  c!.broadcast(1);
  a!.send(c!.mac, 2);
  a!.send(b!.mac, 3);
  lab.run(100);
  expect([a!.heard, b!.heard, c!.heard]).toEqual([[1], [], [2, 3]]);
});

test('a switch that knows 1.0 alone is sent away, in one line that names it and says why', () => {
  const lab = withList('drop tcp,tp_dst=23');
  const only = lab.addSwitch([1]);
  for (let i = 0; i < 20; i++) {
    only.connect();
    lab.run(500);
    only.disconnect();
  }
  expect(lab.log).toHaveLength(1);
  expect(lab.log[0]).toMatchObject({ level: 'warn', fields: { peer: 'tcp:192.0.2.1:1' } });
  expect(JSON.stringify(lab.log[0])).toMatch(/OpenFlow 1\.3, 1\.4, 1\.5 is spoken here, 1\.0 was offered/);
});
