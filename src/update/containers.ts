import { type Container, containersOf } from '../resource/index.ts';
import type { Candidate } from './select.ts';

/**
 * The containers that an update considers: the running ones, as they are in Git if the manifest has the container. So a commit that is
 * not applied yet is neither reverted nor repeated.
 */
export function wantedContainers({ manifest, running }: Pick<Candidate, 'manifest' | 'running'>): readonly Container[] {
  const inGit = new Map(containersOf(manifest.object).map((container) => [container.name, container]));
  return running.containers.map((container) => {
    const wanted = inGit.get(container.name);
    return wanted && wanted.image !== '' ? wanted : container;
  });
}
