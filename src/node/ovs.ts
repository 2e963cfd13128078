import type { Logger } from 'pino';
import type { Clock, Random } from '../lib/clock.ts';
import { dialler, parseDialTarget } from '../openflow/index.ts';
import { bridgeColumns, Database, OvsBridge } from '../ovs/index.ts';

export interface OvsAttachment {
  /** Of the bridge. */
  readonly bridge: string;
  /** Where Open vSwitch's database is, in its notation. */
  readonly database: string;
  /** The node. */
  readonly owner: string;
  /** The interface that becomes a port of the bridge. */
  readonly tap: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Makes the node's TAP a port of an Open vSwitch bridge, which is made if it is not there. Resolves to what undoes that. Rejects
 * with an `OvsError`.
 */
export async function attachToOvs(options: OvsAttachment): Promise<() => Promise<void>> {
  const { bridge: name, database: where, owner, tap, clock, random, log } = options;
  let isAttached = false;
  const look = () => {
    bridge.changed();
    if (!isAttached || bridge.hasPort(tap)) return;
    isAttached = false;
    log.warn({ bridge: name, port: tap }, 'somebody took the port off the bridge');
  };
  const database: Database = new Database({
    ...{ name: 'Open_vSwitch', columns: bridgeColumns, where, clock, random },
    dial: dialler(parseDialTarget(where)),
    events: {
      synced: look,
      changed: look,
      lost: (reason) => log.warn({ database: where, reason }, 'the database of Open vSwitch is lost'),
    },
  });
  const bridge = new OvsBridge({ database, clock, name, owner });
  try {
    await database.start();
    await bridge.open();
    const port = await bridge.addPort(tap);
    isAttached = true;
    log.info({ bridge: name, port: port.name, no: port.no }, 'port of Open vSwitch');
  } catch (error) {
    database.close();
    throw error;
  }
  return async () => {
    isAttached = false;
    await bridge.close().catch((error: Error) => log.warn({ bridge: name, reason: error.message }, 'bridge not left'));
    database.close();
  };
}
