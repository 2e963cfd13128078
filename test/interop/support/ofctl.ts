import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of a program that may fail. */
export async function answerOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Answer> {
  const options = { env: { ...process.env, ...env }, timeout: 20_000, maxBuffer: 1 << 26 };
  try {
    const { stdout, stderr } = await run(program, [...args], options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Answer;
    return { code, stdout, stderr };
  }
}

/** Runs `ovs-ofctl -O PROTOCOL COMMAND br ...` on the bridge of a folder. `command` may have flags after its name. */
export function ofctl(folder: string, protocol: string, command: string, args: readonly string[]): Promise<Answer> {
  const [name, ...flags] = command.split(' ');
  return answerOf('ovs-ofctl', ['-O', protocol, ...flags, name!, 'br', ...args], { OVS_RUNDIR: folder });
}
