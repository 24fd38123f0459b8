import { policiesOf } from '../../policy/index.ts';
import { type RecordedAutomation, readRecordedAutomation } from '../../record/index.ts';
import { containersOf, type Manifest, type ResourceId } from '../../resource/index.ts';
import { type PutBack, revertsOnFailure } from '../../update/index.ts';
import type { NewCommit } from '../sync/new-commits.ts';
import type { Trial } from './trial.ts';

export interface FindOptions {
  /** The workloads of the newest revision. */
  readonly workloads: ReadonlyMap<ResourceId, Manifest>;
  /** `--automation-revert`. */
  readonly byDefault: boolean;
}

/**
 * The trials that follow from commits, newest first: of the workloads whose images are still those of automation's last change, that
 * were ready before it, and whose failed updates are to be reverted.
 */
export function findTrials(commits: readonly NewCommit[], { workloads, byDefault }: FindOptions): readonly Trial[] {
  const trials = new Map<ResourceId, Trial>();
  const seen = new Set<ResourceId>();
  for (const commit of commits) {
    const job = commit.ours ? readRecordedAutomation(commit.job?.spec) : undefined;
    if (!job) continue;
    for (const [id, changes] of Map.groupBy(job.Changes, ({ WorkloadID }) => WorkloadID)) {
      if (seen.has(id)) continue;
      seen.add(id);
      const manifest = workloads.get(id);
      const images =
        manifest && !job.Revert && revertsOnFailure(policiesOf(manifest.object.metadata.annotations), byDefault)
          ? imagesOf(changes, manifest)
          : undefined;
      if (images) trials.set(id, { workload: id, commit: commit.revision, images, state: { name: 'pending' } });
    }
  }
  return [...trials.values()];
}

/** Whether a trial is over because Git has other images by now, or reverts were turned off. */
export function isOver({ workload, images }: Trial, { workloads, byDefault }: FindOptions): boolean {
  const manifest = workloads.get(workload);
  return (
    manifest === undefined ||
    !revertsOnFailure(policiesOf(manifest.object.metadata.annotations), byDefault) ||
    !images.every(({ container, bad }) => hasImage(manifest, container, bad))
  );
}

/** Whether a commit reverted an update. */
export function isRevert({ ours, job }: NewCommit): boolean {
  return ours && readRecordedAutomation(job?.spec)?.Revert !== undefined;
}

function imagesOf(changes: RecordedAutomation['Changes'], manifest: Manifest): readonly PutBack[] | undefined {
  const isHealthyBefore = changes.every(({ WasReady }) => WasReady === true);
  const images = changes.map(({ Container, ImageID }) => ({ container: Container.Name, bad: ImageID, good: Container.Image }));
  return isHealthyBefore && images.every(({ container, bad }) => hasImage(manifest, container, bad)) ? images : undefined;
}

function hasImage({ object }: Manifest, container: string, image: string): boolean {
  return containersOf(object).some((each) => each.name === container && each.image === image);
}
