import { type Cancellable, FluxError, waitOrAbort } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import { type DesiredState, isResourceId, isWorkload, type Manifest, type ResourceId } from '../../resource/index.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Desired } from '../ports/desired.ts';
import type { Source } from '../ports/source.ts';

/** A parsed revision of the repository. Its maps are identical while ids are unchanged. */
export interface RepositoryView {
  readonly revision: Revision;
  readonly state: DesiredState;
  /** Manifests by full id, without ambiguous duplicates, unknown kinds and names that cannot be part of an id. */
  readonly manifests: ReadonlyMap<ResourceId, Manifest>;
  /** The manifests of workloads. */
  readonly workloads: ReadonlyMap<ResourceId, Manifest>;
}

export interface RepositoryReader {
  /** Reads a revision, shared by concurrent callers. The last one is cached once it is settled; unchanged files are not parsed again. */
  read(revision: Revision, options?: Cancellable): Promise<RepositoryView>;
  /** Reads a revision without caching it. @throws FluxError `repository/not-accepted` */
  readAside(revision: Revision, options?: Cancellable): Promise<DesiredState>;
  /** The same, with ids. */
  viewAside(revision: Revision, options?: Cancellable): Promise<RepositoryView>;
  /** The last revision that was read; undefined before the first. */
  latest(): RepositoryView | undefined;
}

export function createRepositoryReader(
  source: Pick<Source, 'files' | 'blob' | 'acceptedBefore'>,
  desired: Desired,
  cluster: Pick<Cluster, 'idOf' | 'namesBy'>,
): RepositoryReader {
  let last: { readonly revision: Revision; readonly state: DesiredState } | undefined;
  let running: { readonly revision: Revision; readonly state: Promise<DesiredState>; readonly options: Cancellable } | undefined;
  let view: View | undefined;

  async function readFiles(revision: Revision, options: Cancellable & { readonly keep?: boolean }): Promise<DesiredState> {
    return desired.read(await source.files(revision, options), (id) => source.blob(id, options), options);
  }

  /** Another revision may be that of any pull request: its commands must not run. */
  async function readOther(revision: Revision, options: Cancellable): Promise<DesiredState> {
    if (desired.runsCommands && (await source.acceptedBefore(revision)) === undefined) throw notAccepted(revision);
    return readFiles(revision, { ...options, keep: false });
  }

  async function readNow(revision: Revision, options: Cancellable): Promise<DesiredState> {
    const state = await readFiles(revision, options);
    last = { revision, state };
    return state;
  }

  /** Waits for a running read of this revision; if its own caller aborted it, the others start a new one. */
  async function readTogether(revision: Revision, options: Cancellable): Promise<DesiredState> {
    while (running?.revision === revision) {
      const { state, options: theirs } = running;
      try {
        return await waitOrAbort(state, options.signal);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!theirs.signal?.aborted) throw error;
      }
    }
    const mine = {
      revision,
      options,
      state: readNow(revision, options).finally(() => {
        if (running === mine) running = undefined;
      }),
    };
    running = mine;
    return mine.state;
  }

  function viewOf(revision: Revision, state: DesiredState): View {
    if (view?.state !== state || view.revision !== revision) view = new View(revision, state, cluster);
    return view;
  }

  return {
    async read(revision, options = {}) {
      const known = last?.revision === revision && !last.state.unsettled ? last.state : undefined;
      return viewOf(revision, known ?? (await readTogether(revision, options)));
    },
    readAside: async (revision, options = {}) => (last?.revision === revision ? last.state : readOther(revision, options)),
    viewAside: async (revision, options = {}) =>
      last?.revision === revision
        ? viewOf(revision, last.state)
        : new View(revision, await readOther(revision, options), cluster),
    latest: () => last && viewOf(last.revision, last.state),
  };
}

function notAccepted(revision: Revision): FluxError {
  return new FluxError(`revision ${revision.slice(0, 7)} is not in the history of what is synced, so its commands are not run`, {
    code: 'repository/not-accepted',
    fault: 'user',
    help: 'With --manifest-generation, only revisions of the synced branch are rendered. Preview it from a clone, where its commands run as you: fluxctl diff --path --allow-commands.',
  });
}

/** Ids are computed on demand, and again once discovery has learned more, for instance whether a kind is namespaced. */
class View implements RepositoryView {
  readonly revision: Revision;
  readonly state: DesiredState;
  readonly #cluster: Pick<Cluster, 'idOf' | 'namesBy'>;
  #byId: { readonly names: object; manifests?: Manifests; workloads?: Manifests };

  constructor(revision: Revision, state: DesiredState, cluster: Pick<Cluster, 'idOf' | 'namesBy'>) {
    this.revision = revision;
    this.state = state;
    this.#cluster = cluster;
    this.#byId = { names: cluster.namesBy() };
  }

  get manifests(): Manifests {
    const known = this.#current();
    known.manifests ??= byUnambiguousId(this.state.manifests, this.#cluster);
    return known.manifests;
  }

  get workloads(): Manifests {
    const known = this.#current();
    known.workloads ??= byUnambiguousId(
      this.state.manifests.filter(({ object }) => isWorkload(object)),
      this.#cluster,
    );
    return known.workloads;
  }

  #current() {
    const names = this.#cluster.namesBy();
    if (this.#byId.names !== names) this.#byId = { names };
    return this.#byId;
  }
}

type Manifests = ReadonlyMap<ResourceId, Manifest>;

/**
 * An id lacks the API group, so it is ambiguous where two groups have a kind of that name, as well as for an object that is defined twice.
 * Such an id leads to no manifest here. Only the latter is an error, which the plan reports.
 */
function byUnambiguousId(manifests: readonly Manifest[], cluster: Pick<Cluster, 'idOf'>): Manifests {
  const found = new Map<ResourceId, Manifest>();
  const ambiguous = new Set<ResourceId>();
  for (const manifest of manifests) {
    const id = cluster.idOf(manifest.object);
    // The API server will reject the name, and it cannot be part of an id.
    if (id === undefined || !isResourceId(id)) continue;
    if (found.has(id)) ambiguous.add(id);
    found.set(id, manifest);
  }
  for (const id of ambiguous) found.delete(id);
  return found;
}
