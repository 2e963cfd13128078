/** What `ringlet lab --json` prints. Times in milliseconds; nodes by name. */
export interface LabReport {
  /** The ring was whole, every pair answered, and nothing else failed. */
  readonly ok: boolean;
  /** What failed, a line each. */
  readonly failures: readonly string[];
  readonly mode: LabMode;
  /** Why the nodes are not in namespaces; empty when they are. */
  readonly modeReasons: readonly string[];
  readonly runDirectory: string;
  readonly nodes: readonly LabNodeReport[];
  /** Before the kill, with `--kill`. */
  readonly ring: RingReport;
  readonly echoes: EchoesReport;
  /** Undefined when the broadcast left no trace. */
  readonly flood: FloodTreeReport | undefined;
  /** With `--kill`. */
  readonly heal: HealReport | undefined;
  readonly times: LabTimes;
}

export type LabMode = 'namespaces' | 'one-process';

export interface LabNodeReport {
  readonly name: string;
  /** 32 hex digits; undefined when the node did not answer. */
  readonly nodeId: string | undefined;
  readonly v4: string;
  readonly v6: string;
  /** Undefined without namespaces. */
  readonly namespace: string | undefined;
  readonly pid: number;
}

export interface RingReport {
  readonly whole: boolean;
  /** Clockwise by node id. */
  readonly order: readonly string[];
  /** Each link once. */
  readonly links: readonly RingLink[];
}

export interface RingLink {
  readonly a: string;
  readonly b: string;
  /** `ring`: to a successor. `shortcut`: across. */
  readonly kind: 'ring' | 'shortcut';
}

export interface EchoesReport {
  /** Each ordered pair of hosts. */
  readonly pairs: readonly EchoPair[];
  readonly expected: number;
  /** Pairs that answered over both IPv4 and IPv6. */
  readonly answered: number;
}

/** Median round trip; undefined: no answer. */
export interface EchoPair {
  readonly from: string;
  readonly to: string;
  readonly v4Ms: number | undefined;
  readonly v6Ms: number | undefined;
}

export interface FloodTreeReport {
  readonly root: string;
  readonly sequence: number;
  readonly tree: FloodBranch;
  readonly reached: number;
  readonly missing: readonly string[];
  /** Links that carried a copy. */
  readonly copies: number;
  readonly hops: number;
}

export interface FloodBranch {
  readonly node: string;
  readonly hops: number;
  readonly children: readonly FloodBranch[];
}

export interface HealReport {
  readonly killed: string;
  /** Ordered pairs of the others, once for IPv4 and once for IPv6. */
  readonly flows: number;
  /** Of them, those that lost an echo. */
  readonly interrupted: number;
  /** From the kill until every flow answered without a loss; undefined: not within the time. */
  readonly reachedMs: number | undefined;
  /** From the kill until the ring of the others was whole; undefined: not within the time. */
  readonly ringMs: number | undefined;
  /** Of the others, after that. */
  readonly ring: RingReport;
}

/** Since the lab began; undefined: it never came to it. */
export interface LabTimes {
  readonly setUpMs: number;
  /** Every node knows all others and is linked to its neighbours along the ring. */
  readonly ringMs: number | undefined;
  /** Every pair of hosts answered over both protocols. */
  readonly pairsMs: number | undefined;
  /** Links that were needed on the way only are gone. */
  readonly settledMs: number | undefined;
}
