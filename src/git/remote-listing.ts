import { FluxError, hasCode, type Logger } from '../base/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { type RemoteRefs, remoteRefs } from './remote-refs.ts';

/** Limit of a listing in bytes, about 250,000 refs. */
const MAX_LISTING_BYTES = 16 << 20;

export type RemoteListing = ReturnType<typeof createRemoteListing>;

/**
 * Lists the refs of a remote: all of them, so that a client may ask about any, or of a remote with very many only `needed`, which may end
 * in `*`.
 */
export function createRemoteListing(needed: readonly string[], log: Logger) {
  let hasTooMany = false;

  const list = async (git: Git, address: string, only: readonly string[], run: RunOptions): Promise<RemoteRefs> =>
    remoteRefs(await git.lsRemote(address, { ...run, only, maxBytes: MAX_LISTING_BYTES }));

  return {
    /** @throws FluxError `git/too-many-refs`, or the reason for a failed listing */
    async list(git: Git, address: string, run: RunOptions): Promise<RemoteRefs> {
      if (!hasTooMany)
        try {
          return await list(git, address, [], run);
        } catch (error) {
          if (!isTooMuch(error)) throw error;
          hasTooMany = true;
          log.warn({}, 'git repository has more refs than are read; only what is followed can be looked up');
        }
      return list(git, address, needed, run).catch((error: unknown) => {
        if (!isTooMuch(error)) throw error;
        throw new FluxError(`git ls-remote: the tags of the repository exceed ${MAX_LISTING_BYTES >> 20} MiB of names`, {
          code: 'git/too-many-refs',
          fault: 'user',
          help: 'Name one tag in --git-ref, or follow a branch.',
          cause: error,
        });
      });
    },
  };
}

function isTooMuch(error: unknown): boolean {
  return hasCode(error, 'git/too-much-output');
}
