import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { LRUCache } from 'lru-cache';
import { type Clock, FluxError } from '../../base/index.ts';
import type { ParsedFile } from '../finding.ts';
import type { Renderer } from '../units/renderer.ts';
import { CONFIG_NAME } from '../units/target.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';
import { changingOutput } from './changing-output.ts';
import { editPatches } from './edit-patches.ts';
import { type GenerationOptions, generate } from './generate.ts';
import { runUpdaters } from './run-updaters.ts';

export interface CommandRendererOptions extends GenerationOptions {
  /** Clock for how long a unit takes to render. */
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A unit that renders in this time is rendered twice at first, in milliseconds. */
const MAX_COMPARED_MS = 5_000;
/** And all units together, after the start. */
const MAX_ALL_COMPARED_MS = 20_000;
const MAX_COMPARED = 300;

/**
 * Renders units by their commands. What a command reads is not known, so every file of the revision is an input: a unit is rendered
 * again for each commit. A quick first rendering is done twice, which shows whether its output changes.
 */
export function createCommandRenderer(options: CommandRendererOptions): Renderer<CommandUnit> {
  const { clock, environment } = options;
  /** What a second run of a configuration showed. */
  const compared = new LRUCache<string, { readonly warning?: FluxError }>({ max: MAX_COMPARED });
  let comparedMs = 0;

  /** Runs a configuration once more, if that is quick: a sync has no time for slow ones twice. */
  async function compare(
    unit: CommandUnit,
    tree: Tree,
    { objects }: ParsedFile,
    { ms, signal }: { readonly ms: number; readonly signal: AbortSignal | undefined },
  ): Promise<{ readonly warning?: FluxError }> {
    const configuration = hash(unit.name, JSON.stringify(unit.config));
    const known = compared.get(configuration);
    if (known || ms > MAX_COMPARED_MS || comparedMs + ms > MAX_ALL_COMPARED_MS) return known ?? {};
    comparedMs += ms;
    const warning = await generate(unit, tree, options, signal ? { signal } : {}).then(
      (again) => changingOutput(objects, again.objects),
      (error: unknown) => {
        signal?.throwIfAborted();
        if (error instanceof FluxError) return error;
        throw error;
      },
    );
    const result = warning ? { warning } : {};
    compared.set(configuration, result);
    return result;
  }

  return {
    inputsOf: async (unit, tree) => hash(JSON.stringify(unit.config), JSON.stringify(environment), tree.id),

    async render(unit, tree, { signal }) {
      const startedAt = clock.monotonic();
      const parsed = await generate(unit, tree, options, signal ? { signal } : {});
      const { warning } = await compare(unit, tree, parsed, { ms: clock.monotonic() - startedAt, signal });
      return warning ? { ...parsed, warnings: [{ error: warning }, ...parsed.warnings] } : parsed;
    },

    async edit(unit, changes, tree, cancel) {
      const edits = await (unit.config.kind === 'patchUpdated' ? editPatches : runUpdaters)(unit, changes, tree, options, cancel);
      const config = edits.find(({ path }) => posix.basename(path) === CONFIG_NAME);
      if (config) throw configChanged(config.path, unit.name);
      return edits;
    },
  };
}

function configChanged(path: string, unit: string): FluxError {
  return new FluxError(`the update of ${unit} would change ${path}, which says what is run`, {
    code: 'generation/config-changed',
    fault: 'user',
    help: 'Let updaters edit the sources of what is rendered, and no file of this name.',
  });
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
