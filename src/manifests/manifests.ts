import { type Cancellable, type Clock, type Logger, silentLogger, systemClock } from '../base/index.ts';
import type { FileText, TreeFile } from '../repository/index.ts';
import type { DesiredState, Manifest } from '../resource/index.ts';
import { ManifestThread } from './manifest-thread.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { Renderer, RenderOptions } from './units/renderer.ts';
import { createRenderers } from './units/renderers.ts';
import { divide } from './units/unit.ts';

/** Reads and edits the manifests of a repository. */
export interface Manifests {
  /**
   * Reads the manifests among the files, in the order of the files. An invalid file, document or object is reported in `errors` and does
   * not affect others; throws only if a blob cannot be read or the signal aborts. With `keep` false nothing is added to the cache. If all
   * manifests are unchanged since the last kept revision, `manifests` is the identical array, which callers can detect.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable & { readonly keep?: boolean },
  ): Promise<DesiredState>;
  /** Reads files that are no revision, without the cache and its memory limit. */
  readTexts(files: readonly FileText[]): Promise<DesiredState>;
  /** Edits by the renderer of the unit that the file belongs to. */
  readonly edit: Renderer['edit'];
}

export interface ManifestsOptions {
  readonly log?: Logger;
  /** Heap limit for all manifests of a revision in bytes; files beyond it are refused. Unlimited by default. */
  readonly maxBytes?: number;
  /** The thread that reads and edits long files; created on demand by default. */
  readonly thread?: ManifestThread;
  /** Clock for retrying unreadable content; the system's by default. */
  readonly clock?: Pick<Clock, 'monotonic'>;
}

/** Divides a revision into units, and hands each to its renderer. */
export function createManifests({
  log = silentLogger(),
  maxBytes = Number.POSITIVE_INFINITY,
  thread = new ManifestThread(),
  clock = systemClock,
}: ManifestsOptions = {}): Manifests {
  const options = { log, thread, clock };
  const renderers = createRenderers(options);
  let lastManifests: readonly Manifest[] = [];

  return {
    async read(files, blob, { keep = true, ...cancel } = {}) {
      const state = await render(renderers, files, blob, { ...cancel, keep, budget: new MemoryBudget(maxBytes) });
      if (!keep) return state;
      if (!isSame(state.manifests, lastManifests)) lastManifests = state.manifests;
      return { ...state, manifests: lastManifests };
    },
    readTexts(files) {
      const texts = new Map(files.map(({ path, content }) => [path, Buffer.from(content)]));
      const tree = [...texts].map(([path, { length }]) => ({ path, mode: '100644', blob: path, size: length }));
      const apart = createRenderers({ ...options, log: silentLogger() });
      const budget = new MemoryBudget(Number.POSITIVE_INFINITY);
      return render(apart, tree, async (path) => texts.get(path) ?? Buffer.alloc(0), { keep: false, budget });
    },
    // A place is in a plain file.
    edit: renderers.plain.edit,
  };
}

async function render(
  renderers: ReturnType<typeof createRenderers>,
  files: readonly TreeFile[],
  blob: (id: string) => Promise<Buffer>,
  options: RenderOptions,
): Promise<DesiredState> {
  options.signal?.throwIfAborted();
  const read = (file: TreeFile) => blob(file.blob);
  const rendered: DesiredState[] = [];
  for (const unit of divide(files)) {
    const renderer = renderers[unit.renderer];
    rendered.push(await renderer.render(await renderer.inputs(unit, read, options), read, options));
  }
  return {
    manifests: rendered.flatMap(({ manifests }) => manifests),
    errors: rendered.flatMap(({ errors }) => errors),
    warnings: rendered.flatMap(({ warnings }) => warnings),
  };
}

function isSame(some: readonly Manifest[], others: readonly Manifest[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}
