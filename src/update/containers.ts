import { type Container, containersOf, type Manifest } from '../resource/index.ts';
import type { Candidate } from './select.ts';

/**
 * The containers an update looks at: those that run, with the image Git asks for where Git names the container. A commit that the
 * cluster has not caught up with is thus neither undone nor made again.
 */
export function wantedContainers({ manifest, running }: Pick<Candidate, 'manifest' | 'running'>): readonly Container[] {
  const inGit = imagesByContainer(manifest);
  return running.containers.map(({ name, image }) => ({ name, image: inGit.get(name) || image }));
}

function imagesByContainer(manifest: Manifest): ReadonlyMap<string, string> {
  return new Map(containersOf(manifest.object).map(({ name, image }) => [name, image]));
}
