import { ErrorType, PortNo, QueueNo, QueueOpFailedCode } from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { Port } from '../ports/port.ts';

/** The one queue that a port has: it comes first and last. */
const onlyQueue = 0;
/** A figure that is not kept (OpenFlow 1.3 section 7.3.5.8). */
const unknown64 = 0xffff_ffff_ffff_ffffn;
const unknown32 = 0xffff_ffff;

/** The ports whose queue is meant. Throws `OpenFlowRefusal` for a port or queue that there is not. */
export function queuesOf(bridge: Bridge, portNo: number, queueId: number = QueueNo.ALL): readonly Port[] {
  const port = bridge.port(portNo);
  if (!port && portNo !== PortNo.ANY && portNo !== PortNo.ALL) {
    throw refusal(QueueOpFailedCode.BAD_PORT, `no port ${portNo}`);
  }
  if (queueId !== QueueNo.ALL && queueId !== onlyQueue) {
    throw refusal(QueueOpFailedCode.BAD_QUEUE, `no queue ${queueId}`);
  }
  return port ? [port] : bridge.ports;
}

export const queueStats = (port: Port) => ({
  portNo: port.no,
  queueId: onlyQueue,
  txBytes: unknown64,
  txPackets: unknown64,
  txErrors: unknown64,
  durationSec: unknown32,
  durationNsec: unknown32,
  properties: [],
});

export const queueDesc = (port: Port) => ({ portNo: port.no, queueId: onlyQueue, properties: [] });

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.QUEUE_OP_FAILED, code, reason);
}
