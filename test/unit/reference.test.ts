import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referenceText } from '../../tools/docs/reference.ts';

it('docs/reference.md says what the code says (npm run docs makes it)', async () => {
  const written = readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8');
  expect(written).toBe(await referenceText());
});
