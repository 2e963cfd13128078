import { connect } from 'node:net';

/** Passes one command line on to the process that serves the bridges, and does as it answers. */
const [program, ...args] = process.argv.slice(2);
const socket = connect(process.env.RINGLET_SUITE_SOCKET);
socket.end(JSON.stringify({ program, args, rundir: process.env.OVS_RUNDIR, cwd: process.cwd() }));
let answer = '';
for await (const chunk of socket) answer += chunk;
const { code, stdout, stderr } = JSON.parse(answer);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
