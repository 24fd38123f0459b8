import fc from 'fast-check';
import { pairs } from '../objects.ts';

/** Pairs of objects, one a line. */
for (const pair of fc.sample(pairs, { numRuns: 110, seed: 5 })) process.stdout.write(`${JSON.stringify(pair)}\n`);
