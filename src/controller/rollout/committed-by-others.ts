import type { Cancellable } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import { containersOf, type Manifest, type ResourceId } from '../../resource/index.ts';
import type { Source } from '../ports/source.ts';
import { linesOf } from '../repository/object-lines.ts';
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
  const blobs = new Map((await source.files(head, cancel)).map(({ path, blob }) => [path, blob]));
  for (const trial of trials) {
    const manifest = workloads.get(trial.workload);
    const blob = manifest && blobs.get(manifest.place.file);
    if (!manifest || blob === undefined) continue;
    const text = (await source.blob(blob, cancel)).toString('utf8');
    const { from, to, images } = linesOf(text, manifest.place, containersOf(manifest.object));
    const changes = await source.blame({ revision: head, file: manifest.place.file, from, to }, cancel);
    const revisions = new Map(changes.map(({ line, revision }) => [line, revision]));
    const isOwn = trial.images.every(({ container }) => revisions.get(images.get(container) ?? 0) === trial.commit);
    if (!isOwn) others.push(trial);
  }
  return others;
}
