import type { Cancellable } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Manifest, ResourceId } from '../../resource/index.ts';
import type { Source } from '../ports/source.ts';
import { blameObject } from '../repository/blame-object.ts';
import type { Trial } from './trial.ts';

/** Where the images of trials are in Git. */
export interface Head {
  readonly head: Revision;
  readonly workloads: ReadonlyMap<ResourceId, Manifest>;
  readonly source: Pick<Source, 'files' | 'blob' | 'blame'>;
}

/** The trials of which a line with an image was last changed by another commit than automation's. */
export async function committedByOthers(
  trials: readonly Trial[],
  { head, workloads, source }: Head,
  cancel: Cancellable,
): Promise<readonly Trial[]> {
  const others: Trial[] = [];
  for (const trial of trials) {
    const manifest = workloads.get(trial.workload);
    const blame = manifest && (await blameObject(manifest, head, source, cancel));
    if (!blame) continue;
    const isOwn = trial.images.every(({ container }) => blame.images.get(container)?.revision === trial.commit);
    if (!isOwn) others.push(trial);
  }
  return others;
}
