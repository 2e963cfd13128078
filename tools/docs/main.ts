import { referenceText } from './reference.ts';

process.stdout.write(await referenceText());
