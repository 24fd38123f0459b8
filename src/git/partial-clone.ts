import { LRUCache } from 'lru-cache';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';

/** A repository that lacks blobs, and the remote that has them. */
export interface PartialRepository {
  readonly git: Git;
  readonly address: string;
  /** Resolves an expression in it; undefined if it is missing. */
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
}

/** Versions of a file whose lines are blamed. */
const MAX_VERSIONS = 1000;

export type FilesOnDemand = ReturnType<typeof createFilesOnDemand>;

/**
 * Fetches the files of revisions into a mirror that is cloned without blobs (git-clone(1), `--filter=blob:none`): those below the paths,
 * in one batch. Reading then never contacts the remote. With `off`, or from a server that cannot do that, the mirror has all blobs.
 */
export function createFilesOnDemand(mode: 'auto' | 'off', paths: readonly string[]) {
  let lacksBlobs = mode === 'auto';
  /** Revisions whose files are in the mirror. */
  const complete = new LRUCache<string, true>({ max: 100 });
  /** One of them, from which the next one differs in little. */
  let last: string | undefined;

  async function missingOf({ git, resolve }: PartialRepository, revision: string, run: RunOptions): Promise<readonly string[]> {
    const base = last !== undefined && (await resolve(`${last}^{tree}`, run)) !== undefined ? last : undefined;
    if (base === undefined) return git.missingBlobs(revision, paths, run);
    return absent(resolve, await git.changedBlobs(base, revision, paths, run), run);
  }

  return {
    lacksBlobs: (): boolean => lacksBlobs,

    /** The server cannot leave out blobs, or serve single ones. */
    giveUp(): void {
      lacksBlobs = false;
    },

    /** Whether the files of a revision can be read without the remote. */
    has: (revision: string): boolean => !lacksBlobs || complete.has(revision),

    /** @throws FluxError `git/blobs-refused` if the remote does not serve single objects, or the reason for a failed fetch */
    async fetch(repository: PartialRepository, revision: string, run: RunOptions): Promise<void> {
      if (!lacksBlobs || complete.has(revision)) return;
      const missing = await missingOf(repository, revision, run);
      if (missing.length > 0) await repository.git.fetchBlobs(repository.address, missing, run);
      complete.set(revision, true);
      last = revision;
    },

    /** Fetches the versions of one file, which `git blame` reads. */
    async fetchHistory(repository: PartialRepository, revision: string, file: string, run: RunOptions): Promise<void> {
      if (!lacksBlobs) return;
      const versions = await repository.git.blobsOfHistory({ revision, file, limit: MAX_VERSIONS }, run);
      const missing = await absent(repository.resolve, versions, run);
      if (missing.length > 0) await repository.git.fetchBlobs(repository.address, missing, run);
    },

    /** The mirror was replaced, or may have lost files: they are looked for again. */
    forget(): void {
      complete.clear();
      last = undefined;
    },
  };
}

async function absent(
  resolve: PartialRepository['resolve'],
  ids: readonly string[],
  run: RunOptions,
): Promise<readonly string[]> {
  const found = await Promise.all(ids.map((id) => resolve(id, run)));
  return ids.filter((_, index) => found[index] === undefined);
}
