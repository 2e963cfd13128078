/**
 * Controllers that a switch must bear, on TCP ports of the loopback interface:
 *
 *     7001 asks without end and never reads     7002 asks for every packet, and never reads
 *     7003 says nothing at all                  7004 sends nonsense
 */
import { createServer } from 'node:net';

const hello = Buffer.from([4, 0, 0, 8, 0, 0, 0, 0]);
const echoes = Buffer.concat(Array.from({ length: 8_000 }, () => Buffer.from([4, 2, 0, 8, 0, 0, 0, 1])));
/** A flow-mod of 1.3: table 0, priority 1, everything, apply-actions: output to NORMAL and to the controllers. */
const everyPacket = Buffer.from(
  [
    '040e006000000002',
    '000000000000000000000000000000000000000000000001ffffffffffffffffffffffff00000000',
    '0001000400000000',
    '000400280000000000000010fffffffaffff00000000000000000010fffffffdffff000000000000',
  ].join(''),
  'hex',
);

const flood = (socket) => {
  const push = () => {
    while (socket.write(echoes));
  };
  socket.on('drain', push);
  socket.write(hello);
  push();
};

const behaviours = [
  [7001, flood],
  [7002, (socket) => socket.write(Buffer.concat([hello, everyPacket]))],
  [7003, () => {}],
  [7004, (socket) => socket.write(Buffer.alloc(100_000, 0x5a))],
];

for (const [port, behave] of behaviours) {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    behave(socket);
  });
  server.listen(port, '127.0.0.1');
}
console.log('ready');
