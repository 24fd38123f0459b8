import { FluxError } from '../../base/index.ts';
import { headNotVerified, type Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

type Verified = Pick<Source, 'accepted' | 'unverified'>;

/** Nothing is committed on top of a head that is not accepted. @throws FluxError in the words of Flux v1 */
export function requireVerifiedHead(source: Verified): void {
  const unverified = source.unverified();
  if (!unverified) return;
  const { head, commit, tag, why } = unverified;
  throw new FluxError('HEAD revision is unsigned', {
    code: 'git/head-unverified',
    fault: 'user',
    help: `HEAD is not a verified commit.

The branch HEAD in the git repo is not verified, and fluxd is unable to make a change on top of it. The last verified commit was

    ${source.accepted() ?? ''}

HEAD is

    ${head}

${tag === undefined ? `Commit ${commit}` : `Tag ${tag}`} ${why}.`,
  });
}

/** A requested sync cannot reach the head; what is accepted is synced all the same. */
export class HeadNotSynced extends FluxError {
  /** The accepted revision; undefined if there is none. */
  readonly revision: Revision | undefined;

  constructor(revision: Revision | undefined, head: Revision) {
    super(headNotVerified(revision, head), { code: 'git/head-unverified', fault: 'user' });
    this.revision = revision;
  }
}
