import { etherTypeAt, get16, type Packet, put16, vlanTagLength } from '../packet/index.ts';

/** Puts a tag in front: id and priority of the tag that was there, or zeroes (OpenFlow 1.3 section 5.12.1). */
export function pushVlan(packet: Packet, tagType: number): void {
  const { frame } = packet;
  if (frame.length < etherTypeAt + 2) return;
  const tagged = packet.room(frame.length + vlanTagLength);
  tagged.set(frame.subarray(0, etherTypeAt), 0);
  put16(tagged, etherTypeAt, tagType);
  put16(tagged, etherTypeAt + 2, packet.hasVlan ? get16(frame, etherTypeAt + 2) : 0);
  tagged.set(frame.subarray(etherTypeAt), etherTypeAt + vlanTagLength);
  packet.replace(tagged);
}

/** Takes the outermost tag away, if there is one. */
export function popVlan(packet: Packet): void {
  if (!packet.hasVlan) return;
  const { frame } = packet;
  const untagged = packet.room(frame.length - vlanTagLength);
  untagged.set(frame.subarray(0, etherTypeAt), 0);
  untagged.set(frame.subarray(etherTypeAt + vlanTagLength), etherTypeAt);
  packet.replace(untagged);
}
