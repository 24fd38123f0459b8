import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { backoffMs, type Clock, FluxError } from '../../base/index.ts';
import type { DesiredState, RenderedPlace } from '../../resource/index.ts';
import type { ParsedFile } from '../finding.ts';
import type { FileProblem } from '../problem.ts';
import type { EditingRenderer } from '../units/renderer.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';
import { changingOutput } from './changing-output.ts';
import { editPatches } from './edit-patches.ts';
import { type GenerationOptions, generate } from './generate.ts';
import { runUpdaters } from './run-updaters.ts';

export interface CommandRendererOptions extends GenerationOptions {
  /** Clock for trying again what failed. */
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A failure is remembered, so that a slow one does not use up the time of each sync. */
const AGAIN = { initialMs: 20_000, maxMs: 600_000 };
/** A unit that renders in this time is rendered twice at first, in milliseconds. */
const MAX_COMPARED_MS = 5_000;
/** And all units together, after the start. */
const MAX_ALL_COMPARED_MS = 20_000;
/** Renderings that are kept: of each unit that of the head, of what was synced before, and of what is asked about. */
const MAX_KEPT = 300;
/** Heap that the kept ones may take, in bytes. */
const MAX_KEPT_BYTES = 64 << 20;

const NO_BYTES = { bytes: 0 };

interface Rendering {
  readonly state: DesiredState;
  /** Approximate heap size. */
  readonly bytes: number;
}

interface Failure {
  readonly error: FluxError;
  readonly count: number;
  /** By the monotonic clock. */
  readonly until: number;
}

/**
 * Renders units by their commands. What a command reads is not known, so every file of the revision is an input: a unit is rendered
 * again for each commit, and never twice for the same files, but for a quick first rendering, which shows whether its output changes.
 */
export function createCommandRenderer(options: CommandRendererOptions): EditingRenderer<CommandUnit> {
  const { clock, environment } = options;
  const kept = new LRUCache<string, Rendering>({
    max: MAX_KEPT,
    maxSize: MAX_KEPT_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });
  const failed = new LRUCache<string, Failure>({ max: MAX_KEPT });
  /** What a second run of a configuration showed. */
  const compared = new LRUCache<string, { readonly warning?: FluxError }>({ max: MAX_KEPT });
  let comparedMs = 0;

  async function renderNew(unit: CommandUnit, tree: Tree, key: string, signal: AbortSignal | undefined): Promise<ParsedFile> {
    const before = failed.get(key);
    if (before && clock.monotonic() < before.until) throw before.error;
    try {
      const startedAt = clock.monotonic();
      const parsed = await generate(unit, tree, options, signal ? { signal } : {});
      failed.delete(key);
      const { warning } = await compare(unit, tree, parsed, { ms: clock.monotonic() - startedAt, signal });
      return warning ? { ...parsed, warnings: [{ error: warning }, ...parsed.warnings] } : parsed;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      const count = (before?.count ?? 0) + 1;
      const pauseMs = error.code === 'generation/timed-out' ? AGAIN.maxMs : backoffMs(count - 1, AGAIN);
      failed.set(key, { error, count, until: clock.monotonic() + pauseMs });
      throw error;
    }
  }

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
    async render(unit, tree, { signal, budget }) {
      const key = hash(unit.name, JSON.stringify(unit.config), JSON.stringify(environment), tree.id);
      try {
        const rendering = kept.get(key) ?? placed(unit, await renderNew(unit, tree, key, signal));
        kept.set(key, rendering);
        if (!budget.take({ bytes: rendering.bytes, objects: NO_BYTES })) throw budget.refusal();
        return rendering.state;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof FluxError)) throw error;
        return { manifests: [], errors: [{ ...placeOf(unit), error }], warnings: [], unsettled: true };
      }
    },

    edit: (unit, changes, tree, cancel) =>
      unit.config.kind === 'patchUpdated'
        ? editPatches(unit, changes, tree, options, cancel)
        : runUpdaters(unit, changes, tree, options, cancel),
  };
}

function placed(unit: CommandUnit, { objects, errors, warnings }: ParsedFile): Rendering {
  const { name, configFile: file } = unit;
  const place = ({ document, item }: { document: number; item?: number }): RenderedPlace => ({
    unit: name,
    file,
    document,
    ...(item === undefined ? {} : { item }),
    renderer: 'commands',
  });
  // Lines are those of the output, which is not in the repository.
  const inUnit = ({ line: _line, column: _column, error, ...where }: ParsedFile['errors'][number]) => ({
    ...placeOf(unit),
    ...where,
    error,
  });
  return {
    state: {
      manifests: objects.map((each) => ({ place: place(each), object: each.object, checksum: each.checksum })),
      errors: errors.map(inUnit),
      warnings: warnings.map(inUnit),
    },
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 1),
  };
}

/** Several units may have the same config file. */
function placeOf({ name, configFile }: CommandUnit): Pick<FileProblem, 'file' | 'unit'> {
  return { file: configFile, unit: name };
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
