/** Prefixes of the source address, each with and without ports: so many masks do the rules have that nothing matches. */
const longest = 32;
const lengths = 12;

/**
 * Rules as a text for ovs-ofctl: for the traffic between the two hosts, at ports 1 and 2, and above these so many others,
 * which do not match it, that there are `count`.
 */
export function rulesBetween(a: string, b: string, count: number): string {
  const hits = ['arp', ...['icmp', 'tcp', 'udp'].map((kind) => `${kind},nw_src=A,nw_dst=B`)].flatMap((match) => [
    `priority=5,in_port=1,${match.replace('A', a).replace('B', b)},actions=output:2`,
    `priority=5,in_port=2,${match.replace('A', b).replace('B', a)},actions=output:1`,
  ]);
  const others = Array.from({ length: count - hits.length }, (_, i) => other(i, b));
  return `${[...others, ...hits].join('\n')}\n`;
}

/** For sources in 10.128.0.0/9, where neither host is. */
function other(i: number, target: string): string {
  const source = [10, 128 + (i >> 5), (i << 3) & 0xff, i & 7].join('.');
  const ports = i % 2 === 1 ? `,tp_src=${1024 + i},tp_dst=80` : '';
  const protocol = i % 4 < 2 ? 'tcp' : 'udp';
  return `priority=${10 + (i % 5)},${protocol},nw_src=${source}/${longest - (i % lengths)},nw_dst=${target}${ports},actions=drop`;
}
