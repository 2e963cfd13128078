#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { runCli } from './program.ts';

// V8 optimizes code after 67,584 bytes of it ran. Of twenty nodes that start on one machine a quarter of the processors' time went to
// optimizing what runs for a moment; what stays hot is optimized a fraction of a second later.
setFlagsFromString('--interrupt-budget=400000');

const exitCode = await runCli(process.argv.slice(2));
// What was written to a pipe that is full goes out first.
process.stdout.write('', () => process.exit(exitCode));
