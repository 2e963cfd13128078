import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, createControlServer, follow, OngoingAnswer, type Outlet, type Request } from '../../src/control/index.ts';
import { listen } from '../../src/lib/listen.ts';
import { until } from './support/until.ts';

describe('the control socket', () => {
  let directory: string;
  let close: () => Promise<void>;
  let outlets: Outlet[];
  let ended: number;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rgt-control-'));
    [outlets, ended] = [[], 0];
    const answers = {
      greet: ({ name }: Request) => `hello ${name}`,
      slow: async () => 'done',
      refuse: () => {
        throw Object.assign(new Error('no such port'), { code: 'TEST_NO_PORT' });
      },
      tail: ({ from }: Request) => {
        if (from !== 'here') throw Object.assign(new Error('not from there'), { code: 'TEST_FROM' });
        return new OngoingAnswer('from here', (outlet) => {
          outlets.push(outlet);
          outlet.write(Buffer.from('first\n'));
          return () => {
            ended += 1;
          };
        });
      },
    };
    const server = createControlServer('bridge', answers, pino({ level: 'silent' }));
    close = await listen(server, { path: join(directory, 'br0.ctl') });
  });

  afterEach(async () => {
    await close();
    rmSync(directory, { recursive: true });
  });

  it('carries arguments, waits for what takes time, and passes refusals on', async () => {
    expect(await ask(directory, 'br0', { ask: 'greet', name: 'you' })).toEqual({ of: 'bridge', data: 'hello you' });
    expect(await ask(directory, 'br0', { ask: 'slow' })).toEqual({ of: 'bridge', data: 'done' });
    const refusals = [
      ['refuse', 'br0: no such port'],
      ['unknown', 'br0: a bridge can be asked for greet, slow, refuse, tail'],
      ['constructor', 'br0: a bridge can be asked for greet, slow, refuse, tail'],
    ] as const;
    for (const [question, message] of refusals) {
      await expect(ask(directory, 'br0', { ask: question })).rejects.toMatchObject({
        code: 'CONTROL_REFUSED',
        message,
      });
    }
  });

  it('goes on answering until it has no more to say', async () => {
    let text = '';
    const never = new AbortController().signal;
    const following = follow(directory, 'br0', { ask: 'tail', from: 'here' }, (bytes) => (text += bytes), never);
    await until(() => text === 'first\n');
    outlets[0]!.write(Buffer.from('second\n'));
    outlets[0]!.end();
    await following;
    expect(text).toBe('first\nsecond\n');
    await until(() => ended === 1);
  });

  it('stops answering when nobody listens any more', async () => {
    const enough = new AbortController();
    const following = follow(directory, 'br0', { ask: 'tail', from: 'here' }, () => enough.abort(), enough.signal);
    await following;
    await until(() => ended === 1);
    await expect(follow(directory, 'br0', { ask: 'tail' }, () => {}, enough.signal)).rejects.toThrow(
      'br0: not from there',
    );
  });

  it('lets go of who asks nothing', async () => {
    const socket = createConnection(join(directory, 'br0.ctl'));
    socket.end('{"ask":');
    await new Promise((resolve) => socket.once('close', resolve).resume());
    expect(await ask(directory, 'br0', { ask: 'slow' })).toMatchObject({ data: 'done' });
  });
});
