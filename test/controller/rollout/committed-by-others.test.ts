import { expect, test } from 'vitest';
import { committedByOthers } from '../../../src/controller/rollout/committed-by-others.ts';
import type { Trial } from '../../../src/controller/rollout/trial.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { createRemote, sourceOf } from '../../git/support/repository.ts';

const ID = 'shop:deployment/cart';
const text = (image: string, replicas = 1) => `kind: Deployment\nspec:\n  replicas: ${replicas}\n  image: ${image}\n`;
const workloads = new Map<string, Manifest>([
  [
    ID,
    {
      place: { file: 'cart.yaml', document: 1, line: 1 },
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace: 'shop', name: 'cart' },
        spec: { template: { spec: { containers: [{ name: 'cart', image: 'acme/cart:2' }] } } },
      },
      checksum: '',
    },
  ],
]);

async function others(commits: readonly string[]) {
  const remote = createRemote({ 'cart.yaml': text('acme/cart:1') });
  const made = commits.map((content) => remote.commit({ 'cart.yaml': content }));
  const source = sourceOf(remote.path);
  const head = await source.fetch();
  const images = [{ container: 'cart', bad: 'acme/cart:2', good: 'acme/cart:1' }];
  const trial: Trial = { workload: ID, commit: made[0] ?? '', images, state: { name: 'pending' } };
  return (await committedByOthers([trial], { head, workloads, source }, {})).length;
}

test('an image is automation’s while its line is as automation committed it', async () => {
  expect(await others([text('acme/cart:2')])).toBe(0);
  expect(await others([text('acme/cart:2'), text('acme/cart:2', 3)])).toBe(0);
});

test('an image that a person put back and committed again is theirs', async () => {
  expect(await others([text('acme/cart:2'), text('acme/cart:1'), text('acme/cart:2')])).toBe(1);
});

test('an image whose line is not found is nobody’s to revert', async () => {
  expect(await others(['kind: Deployment\n'])).toBe(1);
});
