/**
 * Runs a benchmark by its name:
 *
 *   npm run bench -- NAME [ARGS]
 */
const BENCHMARKS: Readonly<Record<string, () => Promise<unknown>>> = {
  controller: () => import('./controller/main.ts'),
  ofp: () => import('./ofp.ts'),
  overlay: () => import('./overlay/main.ts'),
  ports: () => import('./ports.ts'),
  switch: () => import('./switch.ts'),
};

const name = process.argv[2] ?? '';
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (benchmark === undefined) {
  console.error(`ringlet: no benchmark '${name}', there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exitCode = 1;
} else {
  await benchmark();
}
