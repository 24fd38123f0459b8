import { createManifests } from '../../src/manifests/index.ts';
import { formatResourceId, type KubeObject, type Manifest, type ResourceId } from '../../src/resource/index.ts';
import type { UpdateContext } from '../../src/update/index.ts';
import { contextOf, type World } from './world.ts';

/** The manifests in these files, by path; fails when anything in them is refused. */
export async function readManifests(files: Readonly<Record<string, string>>): Promise<readonly Manifest[]> {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  const { manifests, errors } = await createManifests().read(
    [...contents].map(([path, { length }]) => ({ path, mode: '100644', blob: path, size: length })),
    async (path) => contents.get(path) ?? Buffer.alloc(0),
  );
  const [problem] = errors;
  if (problem) throw problem.error;
  return manifests;
}

/** Id of a manifest in a cluster where what has no namespace goes to `default`. */
export function idOf({ kind, metadata: { namespace = 'default', name } }: KubeObject): ResourceId {
  return formatResourceId({ namespace, kind, name });
}

/** What updates are planned on: these files, read, and a cluster and registries of plain data. */
export async function repositoryOf(
  files: Readonly<Record<string, string>>,
  { running = [], registry = {} }: Partial<Pick<World, 'running' | 'registry'>> = {},
): Promise<UpdateContext> {
  const manifests = (await readManifests(files)).map(({ place, object }) => [idOf(object), { ...place, object }] as const);
  return contextOf({ files, manifests: Object.fromEntries(manifests), running, registry });
}
