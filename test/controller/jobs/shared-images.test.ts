import { expect, test } from 'vitest';
import { createSharedImages } from '../../../src/controller/jobs/shared-images.ts';
import type { ImageWatch } from '../../../src/controller/ports/image-watch.ts';
import type { ImageTarget } from '../../../src/image/index.ts';
import { partOf } from '../../support/part-of.ts';

test('what is watched is what any source wants, whichever asked last', () => {
  let watched: readonly ImageTarget[] = [];
  const imagesOf = createSharedImages(
    partOf<ImageWatch>({
      watch(targets: readonly ImageTarget[]) {
        watched = targets;
      },
    }),
  );
  const [one, two] = [imagesOf(), imagesOf()];
  const target = (name: string, tag: string): ImageTarget => ({ name, pullSecrets: [], inUse: [tag] });
  one.watch([target('a', '1'), target('shared', '1')]);
  two.watch([target('b', '1'), target('shared', '2')]);
  expect(watched.map(({ name, inUse }) => [name, inUse])).toEqual([
    ['a', ['1']],
    ['shared', ['1', '2']],
    ['b', ['1']],
  ]);
  one.watch([]);
  expect(watched.map(({ name, inUse }) => [name, inUse])).toEqual([
    ['b', ['1']],
    ['shared', ['2']],
  ]);
});
