/**
 * The codec beside os-ken's, message by message in one run.
 *
 *   npm run bench:ofp            (after a build)
 *
 * Prints rates, ratios and the machine. Ends with exit code 1 if a rate is below the target.
 */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decode, encode, type OfpMessageInput, PacketInView } from '../../ofp/index.ts';

/** Messages a second on one core, for each of the three that a controller lives by. */
const TARGET = 500_000;
const ROUNDS = 5;
const ROUND_MS = 300;

const mac = (last: number): Uint8Array => Uint8Array.from([2, 0, 0, 0, 0, last]);
const packet = new Uint8Array(60);

const PACKET_IN = encode({
  type: 'packetIn',
  version: 4,
  xid: 0,
  bufferId: 0xffffffff,
  totalLen: packet.length,
  reason: 0,
  tableId: 0,
  cookie: 0x1234n,
  match: [{ field: 'in_port', value: 3 }],
  data: packet,
});
const PACKET_OUT: OfpMessageInput = {
  type: 'packetOut',
  version: 4,
  xid: 7,
  inPort: 3,
  actions: [{ type: 'output', port: 0xfffffffb, maxLen: 0 }],
  data: packet,
};
const FLOW_MOD: OfpMessageInput = {
  type: 'flowMod',
  version: 4,
  xid: 7,
  cookie: 0x1234n,
  command: 0,
  idleTimeout: 10,
  priority: 1000,
  match: [
    { field: 'in_port', value: 3 },
    { field: 'eth_dst', value: mac(1) },
    { field: 'eth_src', value: mac(2) },
  ],
  instructions: [{ type: 'applyActions', actions: [{ type: 'output', port: 2, maxLen: 0 }] }],
};
const FLOW_MOD_BYTES = encode(FLOW_MOD);

/** The same messages, to the byte, made and read by os-ken; prints a rate for each as JSON. */
const OS_KEN = `
import json, sys, time
from os_ken.ofproto import ofproto_parser, ofproto_protocol, ofproto_v1_3 as o, ofproto_v1_3_parser as p
dp = ofproto_protocol.ProtocolDesc(version=4)
packet_in, packet_out, flow_mod = (bytes.fromhex(h) for h in sys.argv[1:4])
packet = bytes(60)
def parse(data):
    version, kind, length, xid = ofproto_parser.header(data)
    return ofproto_parser.msg(dp, version, kind, length, xid, data)
def build_packet_out():
    m = p.OFPPacketOut(dp, o.OFP_NO_BUFFER, 3, [p.OFPActionOutput(o.OFPP_FLOOD, 0)], packet)
    m.set_xid(7); m.serialize(); return m.buf
def build_flow_mod():
    match = p.OFPMatch(in_port=3, eth_dst='02:00:00:00:00:01', eth_src='02:00:00:00:00:02')
    inst = [p.OFPInstructionActions(o.OFPIT_APPLY_ACTIONS, [p.OFPActionOutput(2, 0)])]
    m = p.OFPFlowMod(dp, cookie=0x1234, idle_timeout=10, priority=1000, out_port=o.OFPP_ANY,
        out_group=o.OFPG_ANY, match=match, instructions=inst)
    m.set_xid(7); m.serialize(); return m.buf
def rate(f):
    best = 0
    for _ in range(${ROUNDS}):
        n, start = 0, time.perf_counter()
        while time.perf_counter() - start < ${ROUND_MS / 1000}:
            for _ in range(50): f()
            n += 50
        best = max(best, n / (time.perf_counter() - start))
    return best
assert parse(packet_in).match['in_port'] == 3
assert build_packet_out() == packet_out and build_flow_mod() == flow_mod
import os_ken
print(json.dumps({'version': os_ken.__version__, 'packet-in decode': rate(lambda: parse(packet_in)),
  'packet-out encode': rate(build_packet_out), 'flow-mod encode': rate(build_flow_mod),
  'flow-mod decode': rate(lambda: parse(flow_mod))}))
`;

/** The best of several rounds, in calls a second: the machine has other work too. */
function rate(call: () => unknown): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    let calls = 0;
    let now = start;
    while (now - start < ROUND_MS) {
      for (let i = 0; i < 1000; i++) sink = call();
      calls += 1000;
      now = performance.now();
    }
    best = Math.max(best, (calls * 1000) / (now - start));
  }
  return best;
}

/** Keeps results alive until the next one, so that no work can be left out. */
let sink: unknown;

/** Bytes of heap that `count` calls leave behind after collection, and that they allocate meanwhile, per call. */
function memory(call: () => unknown, count: number): { kept: number; allocated: number } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const small = 2000;
  for (let i = 0; i < small; i++) sink = call();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < small; i++) sink = call();
  const allocated = (process.memoryUsage().heapUsed - before) / small;
  for (let i = small; i < count; i++) sink = call();
  collect();
  return { kept: (process.memoryUsage().heapUsed - before) / count, allocated };
}

function osKen(): { [name: string]: number | string } | undefined {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const messages = [PACKET_IN, encode(PACKET_OUT), FLOW_MOD_BYTES].map(hex);
  const run = spawnSync('/usr/bin/python3', ['-c', OS_KEN, ...messages], { encoding: 'utf8' });
  if (run.status !== 0) {
    console.log(`os-ken cannot be compared with (apt-get install -y python3-os-ken): ${run.stderr}`);
    return undefined;
  }
  return JSON.parse(run.stdout) as { [name: string]: number | string };
}

const view = new PacketInView();
const CALLS: { readonly [name: string]: () => unknown } = {
  'packet-in decode': () => decode(PACKET_IN),
  'packet-in view': () => view.wrap(PACKET_IN).inPort,
  'packet-out encode': () => encode(PACKET_OUT),
  'flow-mod encode': () => encode(FLOW_MOD),
  'flow-mod decode': () => decode(FLOW_MOD_BYTES),
};
const TARGETED = ['packet-in decode', 'packet-out encode', 'flow-mod encode'];

const [cpu] = cpus();
console.log(`${cpus().length} x ${cpu?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`);
console.log(`Linux ${release()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}\n`);

const theirs = osKen();
console.log(
  `${'messages a second'.padEnd(20)}${'here'.padStart(12)}${`os-ken ${theirs?.version ?? ''}`.padStart(16)}${'ratio'.padStart(8)}`,
);
let failed = false;
for (const [name, call] of Object.entries(CALLS)) {
  const ours = rate(call);
  const other = theirs?.[name];
  const beside =
    typeof other === 'number' ? [Math.round(other).toLocaleString('en'), `${(ours / other).toFixed(0)} x`] : ['', ''];
  const short = TARGETED.includes(name) && ours < TARGET;
  failed ||= short;
  const note = short ? `   below the target of ${TARGET.toLocaleString('en')}` : '';
  console.log(
    `${name.padEnd(20)}${Math.round(ours).toLocaleString('en').padStart(12)}${beside[0]!.padStart(16)}${beside[1]!.padStart(8)}${note}`,
  );
}

console.log('\nheap for each packet-in, in bytes');
for (const name of ['packet-in decode', 'packet-in view']) {
  const { kept, allocated } = memory(CALLS[name]!, 500_000);
  console.log(`${name.padEnd(20)}allocated ${Math.max(0, allocated).toFixed(0)}, kept ${Math.max(0, kept).toFixed(2)}`);
}
if (sink === CALLS) console.log('');
process.exitCode = failed ? 1 : 0;
