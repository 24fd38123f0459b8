import { expect, test } from 'vitest';
import { createManifests } from '../../../src/manifests/index.ts';
import { sampled } from '../../support/sampled.ts';
import { revisionOf } from './checkout.ts';
import { HOSTILE, HOSTILE_PATHS } from './hostile-kustomizations.ts';

const GOOD = { 'good/kustomization.yaml': 'configMapGenerator: [{ name: good, literals: [a=b] }]\n' };
const OUTPUT = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n';

test('S-027 no hostile kustomization is given to kustomize, and the one beside it is built', async () => {
  const broken: string[] = [];
  const all = [...sampled('addresses and ways out', HOSTILE_PATHS, 60), ...HOSTILE];
  for (const { name, files } of all) {
    const built: string[] = [];
    const program = {
      build: async (folder: string) => {
        built.push(folder);
        return { kind: 'built' as const, output: Buffer.from(OUTPUT) };
      },
    };
    const manifests = createManifests({ kustomize: { program, auto: true, timeoutMs: 1_000 } });
    const { files: listed, blob } = revisionOf({ ...files, ...GOOD });
    const { errors } = await manifests.read(listed, blob);
    if (built.some((folder) => folder === 'app' || folder === '')) broken.push(`${name}: built`);
    if (!built.includes('good')) broken.push(`${name}: the one beside it was not built`);
    if (!errors.some(({ file }) => /^app\/(?:kustomization\.ya?ml|Kustomization)$/.test(file ?? '')))
      broken.push(`${name}: not named`);
  }
  console.log(`hostile kustomizations: ${all.length} tried, ${all.length - broken.length} held`);
  expect(broken).toEqual([]);
});
