import { type Cancellable, yieldTurn } from '../../base/index.ts';
import type { Commit, ProposalBranch, Revision } from '../../repository/index.ts';
import { containersOf, isWorkload, type Manifest, type ResourceId } from '../../resource/index.ts';
import type { ProposedImage } from '../../update/index.ts';
import type { RepositoryReader } from '../repository/view.ts';

/** Trailers of our commits on these branches. */
export const SYNC_SET_TRAILER = 'Flux-Sync-Set';
export const RELEASED_TRAILER = 'Flux-Released';

/**
 * Whose branch it is. `ours`: all that the followed branch lacks was committed by this daemon, or by another one for the same objects.
 * `bare`: the followed branch lacks nothing, and a person may have made it. `theirs`: moving it would lose something.
 */
export function ownerOf(
  branch: Pick<ProposalBranch, 'commits' | 'last' | 'isComplete'>,
  syncSet: string,
): 'ours' | 'bare' | 'theirs' {
  if (!branch.isComplete || commitOfOthers(branch, syncSet) !== undefined) return 'theirs';
  return isOurs(branch.last, syncSet) ? 'ours' : 'bare';
}

/** The newest commit that the followed branch lacks and that is not ours. */
export function commitOfOthers({ commits }: Pick<ProposalBranch, 'commits'>, syncSet: string): Revision | undefined {
  return commits.find((commit) => !isOurs(commit, syncSet))?.revision;
}

function isOurs({ ours, trailers }: Commit, syncSet: string): boolean {
  return ours && trailers.some(({ name, value }) => name === SYNC_SET_TRAILER.toLowerCase() && value === syncSet);
}

/** The images that a branch changes, by what is in its files and in those of the revision that it was made on. */
export async function carriedImages(
  { tip, base, commits }: ProposalBranch,
  reader: Pick<RepositoryReader, 'viewAside'>,
  cancel: Cancellable,
): Promise<readonly ProposedImage[]> {
  if (commits.length === 0 || base === undefined) return [];
  const released = new Set(
    commits.flatMap(({ trailers }) =>
      trailers.filter(({ name }) => name === RELEASED_TRAILER.toLowerCase()).map(({ value }) => value),
    ),
  );
  const before = await imagesIn((await reader.viewAside(base, cancel)).manifests, cancel);
  const after = await imagesIn((await reader.viewAside(tip, cancel)).manifests, cancel);
  return [...after].flatMap(([workload, containers]) =>
    [...containers].flatMap(([container, target]) => {
      const former = before.get(workload)?.get(container);
      return former === undefined || former === target ? [] : [{ workload, container, target, released: released.has(workload) }];
    }),
  );
}

/** Objects that are read without a pause. */
const TURN = 500;

async function imagesIn(
  manifests: ReadonlyMap<ResourceId, Manifest>,
  { signal }: Cancellable,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const images = new Map<string, ReadonlyMap<string, string>>();
  let objects = 0;
  for (const [id, { object }] of manifests) {
    objects += 1;
    if (objects % TURN === 0) await yieldTurn(signal);
    if (isWorkload(object)) images.set(id, new Map(containersOf(object).map(({ name, image }) => [name, image])));
  }
  return images;
}
