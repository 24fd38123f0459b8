import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import type { ParsedFile } from '../finding.ts';
import { objectKey } from '../units/object-key.ts';
import { Pace } from '../units/pace.ts';
import type { Renderer } from '../units/renderer.ts';
import type { KustomizeUnit } from '../units/unit.ts';
import { build, originsOf } from './build.ts';
import { editKustomization } from './edit/edit-kustomization.ts';
import type { KustomizeEditOptions } from './edit/kustomize-trial.ts';

/** Renders units with kustomize; the program says how many at once. */
export function createKustomizeRenderer(options: KustomizeEditOptions): Renderer<KustomizeUnit> {
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
    async render(unit, tree, cancel) {
      const parsed = await build(unit, tree, options, cancel);
      return options.origins ? withOriginsOf(parsed, await originsOf(unit, tree, options, cancel)) : parsed;
    },
    originsOf: (unit, tree, cancel) => originsOf(unit, tree, options, cancel),
    edit: (unit, changes, tree, cancel) => editKustomization(unit, changes, tree, options, cancel),
  };
}

function withOriginsOf(parsed: ParsedFile, origins: ReadonlyMap<string, string>): ParsedFile {
  const objects = parsed.objects.map((each) => {
    const origin = origins.get(objectKey(each.object));
    return origin === undefined ? each : { ...each, origin };
  });
  return { ...parsed, objects };
}
