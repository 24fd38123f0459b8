import { createManifestReader } from '../../src/manifests/index.ts';
import type { Manifest } from '../../src/resource/index.ts';

/** The manifests in these files, by path; fails when anything in them is refused. */
export async function readManifests(files: Readonly<Record<string, string>>): Promise<readonly Manifest[]> {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  const { manifests, errors } = await createManifestReader().read(
    [...contents].map(([path, { length }]) => ({ path, mode: '100644', blob: path, size: length })),
    async (path) => contents.get(path) ?? Buffer.alloc(0),
  );
  const [problem] = errors;
  if (problem) throw problem.error;
  return manifests;
}
