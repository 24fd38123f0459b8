import { type Cancellable, FluxError } from '../../base/index.ts';
import type { Manifests } from '../../manifests/index.ts';
import type { Pinning, UpdateContext } from '../../update/index.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryView } from '../repository/view.ts';

export interface PlanContextOptions {
  readonly source: Source;
  readonly desired: Manifests;
  readonly cluster: Cluster;
  readonly images: ImageWatch;
  readonly pinning: Pinning;
}

/** What planning edits of a revision needs. */
export async function planContext(
  { revision, manifests }: RepositoryView,
  { source, desired, cluster, images, pinning }: PlanContextOptions,
  cancel: Cancellable,
): Promise<UpdateContext> {
  const files = await source.files(revision, cancel);
  const blob = (id: string) => source.blob(id, cancel);
  const readFile = fileReader({ revision, files, blob });
  return { manifests, readFile, desired, revision: { files, blob }, workloads: cluster, images, pinning, ...cancel };
}

function fileReader({
  revision,
  files,
  blob,
}: Pick<RepositoryView, 'revision'> & NonNullable<UpdateContext['revision']>): UpdateContext['readFile'] {
  const byPath = new Map(files.map((file) => [file.path, file.blob]));
  return async (path) => {
    const id = byPath.get(path);
    if (id === undefined) throw new FluxError(`${path} is not in revision ${revision}`, { code: 'update/file-missing' });
    return (await blob(id)).toString('utf8');
  };
}
