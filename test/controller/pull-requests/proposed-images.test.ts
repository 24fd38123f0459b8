import { expect, test } from 'vitest';
import { branchNames } from '../../../src/controller/pull-requests/branch-name.ts';
import { createProposedImages } from '../../../src/controller/pull-requests/proposed-images.ts';
import { processorMs } from '../../support/processor.ts';

const image = (n: number, tag = '1.1.0') => ({
  workload: `shop:deployment/w${n}`,
  container: 'c',
  target: `acme/w:${tag}`,
  released: false,
});

test('an image is shown where it is proposed, by its branch', () => {
  const shown = createProposedImages(branchNames('flux-updates', 'workload'));
  const open = { state: 'open', branch: 'flux-updates-shop-deployment-w1' } as const;
  shown.set(open.branch, open, [image(1)]);
  expect(shown.of(image(1))).toEqual(open);
  expect(shown.of(image(1, '1.2.0'))).toBeUndefined();
  expect(shown.of(image(2))).toBeUndefined();
  shown.delete(open.branch);
  expect(shown.of(image(1))).toBeUndefined();
});

test('as many images as a cluster has are found at once', () => {
  const shown = createProposedImages(branchNames('flux-updates', 'all'));
  const all = Array.from({ length: 50_000 }, (_, n) => image(n));
  const work = processorMs(() => {
    shown.set('flux-updates', { state: 'open', branch: 'flux-updates' }, all);
    for (const each of all) shown.of(each);
  });
  expect(work).toBeLessThan(2_000);
});
