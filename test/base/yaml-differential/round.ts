// node round.ts SEED COUNT: compares so many generated streams with the reader at $YAML_READER, and prints a `RoundResult`.
import fc from 'fast-check';
import { type Difference, difference } from './compare.ts';
import { BYTES, sampleStreams, streamFrom } from './documents.ts';
import { intendedFor } from './intended.ts';
import { startReader } from './kubernetes-reader.ts';
import type { RoundResult } from './round-result.ts';

const BATCH = 1000;
/** More of one kind tell nothing new, and each is shrunk. */
const MAX_DIFFERENCES = 5;

// Half of the streams are refused by us: without their stacks that is twice as fast.
Error.stackTraceLimit = 0;

const [seed = 0, count = 0] = process.argv.slice(2).map(Number);
const reader = startReader(process.env.YAML_READER ?? '');
const intended: Record<string, number> = {};
const differences: Difference[] = [];
let read = 0;
let tried = 0;
for (; tried < count && differences.length < MAX_DIFFERENCES; tried += BATCH) {
  const batch = sampleStreams(seed + tried, BATCH);
  const answers = await reader.ask(batch.map(({ stream }) => stream));
  for (const [n, { bytes, stream }] of batch.entries()) {
    const found = difference(stream, answers[n] ?? []);
    const known = found && intendedFor(found);
    if (known) intended[known.what] = (intended[known.what] ?? 0) + 1;
    else if (found) differences.push(await smallest(bytes, found));
    else if (answers[n]?.some((answer) => 'json' in answer)) read++;
  }
}
reader.close();
const result: RoundResult = { tried, read, intended, differences };
console.log(JSON.stringify(result));

async function smallest(bytes: Uint8Array, found: Difference): Promise<Difference> {
  let last = found;
  const property = fc.asyncProperty(BYTES, async (candidate) => {
    const stream = streamFrom(candidate);
    const now = difference(stream, (await reader.ask([stream]))[0] ?? []);
    if (!now || intendedFor(now)) return true;
    last = now;
    return false;
  });
  await fc.check(property, { examples: [[bytes]], numRuns: 1 });
  return last;
}
