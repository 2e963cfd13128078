/**
 * The switch between two hosts, beside Open vSwitch's userspace datapath and the Linux bridge, and in memory.
 *
 *   npm run bench -- switch [ROUNDS] [SECONDS]     as root; medians of ROUNDS (3), each measurement SECONDS (2) long
 *
 * Needs iperf3 and Debian's openvswitch-switch. Prints the machine, rates and ratios. Ends with exit code 1 if a target is missed.
 */
import { machine } from './machine.ts';
import { compareBetweenHosts } from './switch-hosts.ts';
import { measureInMemory } from './switch-memory.ts';

const [rounds = 3, seconds = 2] = process.argv.slice(3).map(Number);
console.log(`${machine()}\n`);
const isReachedBetweenHosts = await compareBetweenHosts(rounds, seconds);
console.log();
const isReachedInMemory = measureInMemory();
if (!isReachedBetweenHosts || !isReachedInMemory) process.exitCode = 1;
