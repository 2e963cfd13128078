import { isIP } from 'node:net';
import { EchoSocket } from '../../src/tap/index.ts';
import { namespacePath } from './ip.ts';
import type { Pinger } from './network.ts';

/** Echoes out of a network namespace, by the kernel's own stack. */
export class KernelHost implements Pinger {
  readonly #v4: EchoSocket;
  readonly #v6: EchoSocket;

  constructor(namespace: string) {
    const netns = namespacePath(namespace);
    this.#v4 = new EchoSocket({ family: 4, netns });
    this.#v6 = new EchoSocket({ family: 6, netns });
  }

  ping(address: string, timeoutMs: number): Promise<number | undefined> {
    return (isIP(address) === 4 ? this.#v4 : this.#v6).ping(address, timeoutMs);
  }

  close(): void {
    this.#v4.close();
    this.#v6.close();
  }
}
