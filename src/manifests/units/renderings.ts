import { posix } from 'node:path';
import { LRUCache } from 'lru-cache';
import { backoffMs, type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import { confidential, type DesiredState, type Manifest, type RenderedPlace } from '../../resource/index.ts';
import type { ParsedFile, ParsedObject } from '../finding.ts';
import type { FileProblem } from '../problem.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import type { SpilledRenderings } from './spilled-renderings.ts';
import type { Tree } from './tree.ts';
import type { RenderedUnit } from './unit.ts';

/** A failure is remembered, so that a slow one does not use up the time of each sync. */
const AGAIN = { initialMs: 20_000, maxMs: 600_000 };
/** Results beside those of the last kept revision: of what was synced before, and of what is asked about. */
const MAX_OTHERS = 5_000;
/** Heap that these may take, in bytes. */
const MAX_OTHERS_BYTES = 64 << 20;
const MAX_FAILED = 5_000;

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
 * What units render, by the hash of their inputs: a unit is rendered again only when they change. The results for the last kept revision
 * are all here, since the daemon has its objects anyway; others as far as there is room, and then on disk.
 */
export class Renderings {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #current: ReadonlyMap<string, Rendering> = new Map();
  readonly #others: LRUCache<string, Rendering>;
  readonly #spilled: SpilledRenderings | undefined;
  readonly #failed = new LRUCache<string, Failure>({ max: MAX_FAILED });

  constructor(clock: Pick<Clock, 'monotonic'>, spilled?: SpilledRenderings, maxBytes = MAX_OTHERS_BYTES) {
    this.#clock = clock;
    this.#spilled = spilled;
    this.#others = new LRUCache({
      max: MAX_OTHERS,
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => bytes,
      dispose: ({ state, bytes }, key, reason) => {
        if (reason === 'evict' && !this.#current.has(key) && mayBeOnDisk(state))
          spilled?.put(key, { manifests: state.manifests, bytes });
      },
    });
  }

  /** The results for one revision; `keep` makes them those that are all here. */
  revision(): RenderedRevision {
    const used = new Map<string, Rendering>();
    return {
      render: (unit, tree, renderer, options) => this.#render(unit, { tree, renderer, used }, options),
      keep: () => {
        for (const [key, rendering] of this.#current) if (!used.has(key)) this.#others.set(key, rendering);
        this.#current = used;
      },
    };
  }

  async #render<Unit extends RenderedUnit>(
    unit: Unit,
    { tree, renderer, used }: { tree: Tree; renderer: Renderer<Unit>; used: Map<string, Rendering> },
    { signal, budget }: RenderOptions,
  ): Promise<DesiredState> {
    const key = `${unit.name}\0${await renderer.inputsOf(unit, tree)}\0${tree.variables?.version ?? ''}`;
    try {
      const known = this.#current.get(key) ?? this.#others.get(key) ?? (await this.#fromDisk(key));
      const rendering =
        known ?? placed(unit, key, await this.#renderNew(key, () => renderer.render(unit, tree, cancel(signal)), signal));
      used.set(key, rendering);
      if (!known) this.#others.set(key, rendering);
      if (!budget.take({ bytes: rendering.bytes, objects: NO_BYTES })) throw budget.refusal('what it renders');
      return rendering.state;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      return { manifests: [], errors: [{ ...placeOf(unit), error }], warnings: [], unsettled: true };
    }
  }

  async #fromDisk(key: string): Promise<Rendering | undefined> {
    const found = await this.#spilled?.get(key);
    if (!found) return undefined;
    const rendering = { state: { manifests: found.manifests, errors: [], warnings: [] }, bytes: found.bytes };
    this.#others.set(key, rendering);
    return rendering;
  }

  async #renderNew(key: string, render: () => Promise<ParsedFile>, signal: AbortSignal | undefined): Promise<ParsedFile> {
    const before = this.#failed.get(key);
    if (before && this.#clock.monotonic() < before.until) throw before.error;
    try {
      const parsed = await render();
      // As little as the program itself: a unit is whole, or refused.
      const refused = parsed.errors.find(({ error }) => error.code.startsWith('substitution/'));
      if (refused) throw refused.error;
      this.#failed.delete(key);
      return parsed;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      const count = (before?.count ?? 0) + 1;
      // A program that takes long would use up each sync; a key service is asked for each file by itself.
      const tookLong = error.code.endsWith('/timed-out') && !error.code.startsWith('decryption/');
      const pauseMs = tookLong ? AGAIN.maxMs : backoffMs(count - 1, AGAIN);
      this.#failed.set(key, { error, count, until: this.#clock.monotonic() + pauseMs });
      throw error;
    }
  }
}

/** One revision as it is rendered. */
export interface RenderedRevision {
  /** The manifests of a unit. Why nothing of it can be used is part of the result. */
  render<Unit extends RenderedUnit>(
    unit: Unit,
    tree: Tree,
    renderer: Renderer<Unit>,
    options: RenderOptions,
  ): Promise<DesiredState>;
  /** The next revision will find all that this one rendered. */
  keep(): void;
}

function cancel(signal: AbortSignal | undefined): Cancellable {
  return signal ? { signal } : {};
}

function placed(unit: RenderedUnit, key: string, { objects, errors, warnings, isConfidential }: ParsedFile): Rendering {
  const place = ({ document, item, origin }: ParsedObject): RenderedPlace => ({
    unit: unit.name,
    file: unit.configFile,
    document,
    ...(item === undefined ? {} : { item }),
    renderer: unit.renderer,
    ...(origin === undefined ? {} : { origin: { file: posix.join(unit.directory, origin) } }),
  });
  // Lines are those of the output, which is not in the repository.
  const inUnit = ({ line: _line, column: _column, error, ...where }: ParsedFile['errors'][number]) => ({
    ...placeOf(unit),
    ...where,
    error,
  });
  return {
    state: {
      manifests: objects.map((each) => ({
        place: place(each),
        object: each.object,
        ...(isConfidential ? confidential('all', `${key}\0${each.document} ${each.item ?? ''}`) : { checksum: each.checksum }),
      })),
      errors: errors.map(inUnit),
      warnings: warnings.map(inUnit),
    },
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 1),
  };
}

/** Errors are not kept on disk: they are few, and instances of a class. Neither is anything secret. */
function mayBeOnDisk({ manifests, errors, warnings }: DesiredState): boolean {
  const isSecret = ({ object, confidential: what }: Manifest) => what !== undefined || object.kind === 'Secret';
  return errors.length === 0 && warnings.length === 0 && !manifests.some(isSecret);
}

/** Several units may have the same config file. */
function placeOf({ name, configFile }: RenderedUnit): Pick<FileProblem, 'file' | 'unit'> {
  return { file: configFile, unit: name };
}
