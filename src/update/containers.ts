import { type Container, containersOf, type Manifest } from '../resource/index.ts';
import type { Candidate } from './select.ts';

/**
 * The containers that an update considers: the running ones, with the image in Git if the manifest has the container. So a commit that
 * is not applied yet is neither reverted nor repeated.
 */
export function wantedContainers({ manifest, running }: Pick<Candidate, 'manifest' | 'running'>): readonly Container[] {
  const inGit = imagesByContainer(manifest);
  return running.containers.map((container) => ({ ...container, image: inGit.get(container.name) || container.image }));
}

function imagesByContainer(manifest: Manifest): ReadonlyMap<string, string> {
  return new Map(containersOf(manifest.object).map(({ name, image }) => [name, image]));
}
