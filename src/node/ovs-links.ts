import { formatNodeId, type NodeId } from '../../topology/index.ts';
import type { OverlayApp, PortNames } from '../controller/index.ts';
import type { OvsBridge } from '../ovs/index.ts';
import type { FramePort } from '../tap/index.ts';
import type { SwitchCore } from './node-switch.ts';
import { OvsLink } from './ovs-link.ts';

export interface OvsLinksOptions {
  readonly core: SwitchCore;
  readonly names: PortNames;
  readonly app: OverlayApp;
  readonly bridge: OvsBridge;
  /** The port where floods go out and come in. */
  readonly floodTap: FramePort;
  /** Makes the interface that stands for a link. */
  readonly openTap: (name: string, mac: Uint8Array) => Promise<FramePort>;
  /** Frames that the switch sends over a link. `mac`: of its interface. */
  readonly sent: (link: OvsLink, mac: Uint8Array, frames: readonly Uint8Array[]) => void;
}

const openAgainMs = 1_000;

/** The links of a node as ports of its Open vSwitch: makes their interfaces, has the switch take them, and lets go of them in the end. */
export class OvsLinks {
  readonly #options: OvsLinksOptions;
  /** Those that are down are here until the switch has let go of their ports. */
  readonly #links = new Map<NodeId, OvsLink>();

  constructor(options: OvsLinksOptions) {
    this.#options = options;
  }

  /** Those that are up. */
  *[Symbol.iterator](): Iterator<readonly [NodeId, OvsLink]> {
    for (const entry of this.#links) if (entry[1].isUp) yield entry;
  }

  /** Undefined: it is not up. */
  get(peer: NodeId): OvsLink | undefined {
    const link = this.#links.get(peer);
    return link?.isUp === true ? link : undefined;
  }

  up(peer: NodeId): void {
    const { core, names } = this.#options;
    const link = this.#links.get(peer) ?? new OvsLink(names.peer(peer), (messages) => core.sendFrames(peer, messages));
    link.isUp = true;
    this.#links.set(peer, link);
    if (link.tap === undefined) this.#open(peer, link);
    this.keepPorts();
  }

  /** False: it was not up. */
  down(peer: NodeId): boolean {
    const link = this.get(peer);
    if (link === undefined) return false;
    link.isUp = false;
    this.keepPorts();
    return true;
  }

  /** Tells the switch which ports it is to have. */
  keepPorts(): void {
    const { bridge, floodTap } = this.#options;
    const ports = [...this].flatMap(([, { name, tap }]) => (tap === undefined ? [] : [name]));
    bridge.keepPorts(new Set([floodTap.name, ...ports]));
  }

  flush(): void {
    for (const link of this.#links.values()) link.flush(this.#options.floodTap);
  }

  tick(now: number): void {
    for (const [peer, link] of this.#links) this.#follow(peer, link, now);
  }

  close(): void {
    for (const { tap } of this.#links.values()) tap?.close();
    this.#links.clear();
  }

  /** A TAP is closed only when the switch has let go of it: it takes one of the same name for the same. */
  #follow(peer: NodeId, link: OvsLink, now: number): void {
    const { app, bridge } = this.#options;
    const { name, tap, isUp, isAttached, isAttaching } = link;
    const isPort = app.portNo(name) !== undefined;
    if (isUp && isPort && !isAttached && !isAttaching && tap !== undefined) {
      link.isAttaching = true;
      const isAsked = app.barrier(now, () => {
        link.isAttaching = false;
        link.isAttached = app.portNo(name) !== undefined;
      });
      if (!isAsked) link.isAttaching = false;
    }
    if (!isPort) link.isAttached = false;
    if (isUp || link.isOpening || isPort || bridge.hasPort(name)) return;
    tap?.close();
    this.#links.delete(peer);
  }

  #open(peer: NodeId, link: OvsLink): void {
    if (link.isOpening) return;
    const { core, openTap, sent } = this.#options;
    const { log, clock } = core;
    const mac = Uint8Array.of(0x0a, ...Buffer.from(formatNodeId(peer), 'hex').subarray(0, 5));
    const again = (error: Error) => {
      log.warn({ port: link.name, reason: error.message }, 'no interface for a link');
      link.tap = undefined;
      this.keepPorts();
      clock.after(openAgainMs, () => {
        if (link.isUp && this.#links.get(peer) === link && link.tap === undefined) this.#open(peer, link);
      });
    };
    const opened = (tap: FramePort) => {
      link.isOpening = false;
      if (this.#links.get(peer) !== link) {
        tap.close();
        return;
      }
      link.tap = tap;
      tap.onFrames((frames) => sent(link, tap.mac, frames));
      tap.onError(again);
      this.keepPorts();
    };
    link.isOpening = true;
    openTap(link.name, mac).then(opened, (error: Error) => {
      link.isOpening = false;
      again(error);
    });
  }
}
