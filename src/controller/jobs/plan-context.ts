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
  const readFile = await fileReader(revision, source, cancel);
  return { manifests, readFile, desired, workloads: cluster, images, pinning, ...cancel };
}

async function fileReader(
  revision: RepositoryView['revision'],
  source: Pick<Source, 'files' | 'blob'>,
  cancel: Cancellable,
): Promise<UpdateContext['readFile']> {
  const files = new Map((await source.files(revision, cancel)).map((file) => [file.path, file.blob]));
  return async (path) => {
    const blob = files.get(path);
    if (blob === undefined) throw new FluxError(`${path} is not in revision ${revision}`, { code: 'update/file-missing' });
    return (await source.blob(blob, cancel)).toString('utf8');
  };
}
