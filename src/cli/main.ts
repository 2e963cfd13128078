#!/usr/bin/env node
import { runCli } from './program.ts';

const exitCode = await runCli(process.argv.slice(2));
// What was written to a pipe that is full goes out first.
process.stdout.write('', () => process.exit(exitCode));
