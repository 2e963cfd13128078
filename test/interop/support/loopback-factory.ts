import { systemClock } from '../../../src/lib/system-clock.ts';
import { RtcTunnelFactory, type RtcTunnelOptions } from '../../../src/tunnel/rtc-factory.ts';

/** Real tunnels that stay on the loopback interface. */
export function loopbackFactory(options: Partial<RtcTunnelOptions> = {}): RtcTunnelFactory {
  return new RtcTunnelFactory({ clock: systemClock, bindAddress: '127.0.0.1', ...options });
}
