import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFile } from '../../../../src/manifests/parse-file.ts';
import { type Entries, unitsOf } from '../checkout.ts';
import { buildIn, checkOut, folder, open } from './program.ts';
import { repositories } from './random-repository.ts';

const RUNS = process.env.FAULTS === 'all' ? 300 : 60;
const UNIT = 'top/kustomization.yaml';

/** The objects of a complete checkout, or why it cannot be built. */
async function complete(files: Entries): Promise<readonly unknown[] | string> {
  const root = folder();
  await checkOut(root, files);
  const { status, output, stderr } = await buildIn(join(root, 'top'));
  return status === 0 ? parseFile({ bytes: output, isJson: false }).objects.map(({ object }) => object) : stderr;
}

test('a build of the inputs alone has the output of a build in the complete checkout', async () => {
  let failed = 0;
  await fc.assert(
    fc.asyncProperty(repositories, async ({ files }) => {
      const expected = await complete(files);
      const { manifests, errors } = await open().read(files);
      if (typeof expected === 'string') failed += 1;
      else expect({ objects: manifests.map(({ object }) => object), errors }).toEqual({ objects: expected, errors: [] });
    }),
    { numRuns: RUNS },
  );
  console.log(`random repositories: ${RUNS} built, of which ${failed} by neither`);
  expect(failed).toBeLessThan(RUNS / 4);
}, 600_000);

test('each input is needed', async () => {
  await fc.assert(
    fc.asyncProperty(repositories, fc.nat(), async ({ files }, chosen) => {
      const { units } = await unitsOf(files);
      const inputs = units.find(({ name }) => name === UNIT)?.files ?? [];
      const without = inputs[chosen % Math.max(inputs.length, 1)];
      if (!without) return;
      const { [without.path]: _, ...rest } = files;
      const before = await complete(files);
      const after = await complete(rest);
      if (typeof before !== 'string') expect(after, without.path).not.toEqual(before);
    }),
    { numRuns: RUNS },
  );
}, 600_000);
