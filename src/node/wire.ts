/** What nodes put into the sealed envelopes that couriers carry: JSON, checked here. */
import { z } from 'zod';
import type { TunnelSignal } from '../tunnel/index.ts';

const maxSdp = 16_384;
const description = { sdp: z.string().max(maxSdp), fingerprint: z.string().max(128) };

const tunnelSignal = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('offer'), ...description }),
  z.strictObject({ kind: z.literal('answer'), ...description }),
  z.strictObject({ kind: z.literal('candidate'), candidate: z.string().max(1024), mid: z.string().max(64) }),
]);

/** Undefined for anything that is not a tunnel signal. */
export function parseTunnelSignal(text: string): TunnelSignal | undefined {
  try {
    return tunnelSignal.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
