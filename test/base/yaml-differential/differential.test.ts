import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { askAll, frozenAnswers } from './answers.ts';
import { INTENDED } from './intended.ts';
import { startReader } from './kubernetes-reader.ts';
import type { RoundResult } from './round-result.ts';

/*
 * Against the code by which kubectl reads YAML, built from its modules: `npm run test:yaml`. A run that fails prints streams that
 * fast-check has shrunk.
 */

const STREAMS = 1_000_000;
const SEED = 20_000_000;

test('the frozen answers are those of the real reader', async () => {
  const reader = startReader(process.env.YAML_READER ?? '');
  onTestFinished(reader.close);
  const frozen = frozenAnswers();
  const streams = frozen.map(({ stream }) => stream);
  expect(frozen, 'write them anew by `npm run test:yaml -- freeze`').toEqual(await askAll(reader, streams));
});

test('S-023 generated streams are read as Kubernetes reads them, but for what is listed', async () => {
  const processes = Math.min(availableParallelism(), 8);
  const share = Math.ceil(STREAMS / processes / 1000) * 1000;
  const rounds = await Promise.all(Array.from({ length: processes }, (_, n) => round(SEED + n * share, share)));
  const count = (of: (result: RoundResult) => number) => rounds.reduce((sum, result) => sum + of(result), 0);
  console.log(`${count(({ tried }) => tried)} streams tried, ${count(({ read }) => read)} of them read alike`);
  for (const { what } of INTENDED) console.log(`${count(({ intended }) => intended[what] ?? 0)} intended: ${what}`);
  expect(rounds.flatMap(({ differences }) => differences)).toEqual([]);
  expect(count(({ tried }) => tried)).toBeGreaterThanOrEqual(STREAMS);
  expect(count(({ read }) => read)).toBeGreaterThan(STREAMS / 2);
}, 1_800_000);

async function round(seed: number, count: number): Promise<RoundResult> {
  const file = join(import.meta.dirname, 'round.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [file, String(seed), String(count)], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as RoundResult;
}
