import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { Renderer } from '../units/renderer.ts';
import type { KustomizeUnit } from '../units/unit.ts';
import { build, type KustomizeOptions } from './build.ts';
import { editKustomization } from './edit/edit-kustomization.ts';
import { Pace } from './pace.ts';

/** Renders units with kustomize, as many at once as there are processors. */
export function createKustomizeRenderer(options: KustomizeOptions): Renderer<KustomizeUnit> {
  const inParallel = pLimit(availableParallelism());
  // One after the other, for others to have their turn: they are asked for together.
  const inTurn = pLimit(1);
  const pace = new Pace();
  return {
    inputsOf: ({ directory, files }) =>
      inTurn(async () => {
        const hash = createHash('sha256').update(directory);
        for (const { path, mode, blob } of files) {
          await pace.beforeName(path);
          hash.update(`\0${mode} ${blob} ${path}`);
        }
        return hash.digest('hex');
      }),
    render: (unit, tree, cancel) =>
      inParallel(async () => {
        cancel.signal?.throwIfAborted();
        return build(unit, tree, options, cancel);
      }),
    edit: (unit, changes, tree, cancel) => editKustomization(unit, changes, tree, options, cancel),
  };
}
