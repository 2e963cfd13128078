import { Option } from 'commander';

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

export function logLevelOption(standard: string): Option {
  return new Option('--log-level <level>', 'what is logged to standard error').choices(levels).default(standard);
}

export function isDebug(options: Readonly<Record<string, unknown>>): boolean {
  return options.logLevel === 'debug' || options.logLevel === 'trace';
}
