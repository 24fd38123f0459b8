import { FluxError } from '../base/index.ts';
import type { ProposalsConfig, SourceConfig } from '../config/index.ts';
import { sameRepository } from '../git/index.ts';

/**
 * Refuses sources that would overwrite each other's records or branches. The sync tag and the notes are refs of the repository, and the
 * marks on objects follow from repository, branch and paths.
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
      const shared = sharedBranch(a.proposals, b.proposals);
      if (shared !== undefined)
        throw clash(a, b, `may propose images on the same branch, ${shared}`, 'Give each its own git-push-branch.');
      refuseProposalsOnFollowed(a, b);
      refuseProposalsOnFollowed(b, a);
    }
  }
}

/** Whether a source may push its proposals to a branch. */
function mayPushTo({ branch, per }: ProposalsConfig, name: string): boolean {
  return name === branch || (per !== 'all' && name.startsWith(`${branch}-`));
}

function sharedBranch(a: ProposalsConfig | undefined, b: ProposalsConfig | undefined): string | undefined {
  if (!a || !b) return undefined;
  return mayPushTo(a, b.branch) ? b.branch : mayPushTo(b, a.branch) ? a.branch : undefined;
}

/** What is pushed there would be applied before people merge it. */
function refuseProposalsOnFollowed({ name, proposals }: SourceConfig, other: SourceConfig): void {
  if (!proposals || other.ref !== undefined || !mayPushTo(proposals, other.branch)) return;
  throw new FluxError(`source ${name} may propose images on branch ${other.branch}, which source ${other.name} syncs`, {
    code: 'config/sources-clash',
    fault: 'user',
    help: `Give ${name} another git-push-branch.`,
  });
}

function clash(a: SourceConfig, b: SourceConfig, what: string, help: string): FluxError {
  return new FluxError(`sources ${a.name} and ${b.name} ${what}`, { code: 'config/sources-clash', fault: 'user', help });
}
