import { FluxError } from '../base/index.ts';
import type { SourceConfig } from '../config/index.ts';
import { sameRepository } from '../git/index.ts';

/**
 * Refuses sources that would overwrite each other's records or branches. The sync tag and the notes are refs of the repository, and the marks on
 * objects follow from repository, branch and paths.
 * @throws FluxError `config/sources-clash`.
 */
export function refuseClashes(sources: readonly SourceConfig[]): void {
  for (const [index, a] of sources.entries()) {
    for (const b of sources.slice(index + 1)) {
      if (!sameRepository(a.url, b.url)) continue;
      if (a.syncTag === b.syncTag || a.notesRef === b.notesRef)
        throw clash(a, b, `use one repository and the same label, ${a.syncTag}`, 'Give each its own git-label.');
      if ((a.ref ?? a.branch) === (b.ref ?? b.branch) && a.paths.join('') === b.paths.join(''))
        throw clash(a, b, 'use the same branch and paths of one repository', 'Remove one of them.');
      if (a.proposals && a.proposals.branch === b.proposals?.branch)
        throw clash(a, b, `propose images on the same branch, ${a.proposals.branch}`, 'Give each its own git-push-branch.');
    }
  }
}

function clash(a: SourceConfig, b: SourceConfig, what: string, help: string): FluxError {
  return new FluxError(`sources ${a.name} and ${b.name} ${what}`, { code: 'config/sources-clash', fault: 'user', help });
}
