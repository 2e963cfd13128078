import { readFileSync } from 'node:fs';
import { CliError } from './errors.ts';

/** Throws CLI_CONFIG_FILE. */
export function readConfigFile(path: string): Record<string, unknown> {
  const value = parseFile(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError('CLI_CONFIG_FILE', `${path} holds no JSON object such as { "name": "attic" }`);
  }
  return value as Record<string, unknown>;
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError('CLI_CONFIG_FILE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError('CLI_CONFIG_FILE', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
