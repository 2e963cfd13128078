/** Runs in a worker thread: opens a TAP by the bare addon, says so, and goes on until it is terminated. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const { TapDevice } = createRequire(import.meta.url)('../../../src/tap/native/build/ringlet.node');
const { name, netns } = workerData;
const slab = new Uint8Array(100_000);
const bounds = new Uint32Array(16);
const ignore = () => {};
const memory = { slab, bounds, largest: 2000 };
new TapDevice({ name, netns, offload: 'kernel', longest: 1418, ...memory, onBatch: ignore, onError: ignore });
parentPort.postMessage('open');
