import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Clock, silentLogger } from '../base/index.ts';
import type { Revision } from '../repository/index.ts';
import { directGit } from './direct-git.ts';
import { createSource } from './source.ts';

export interface RecordedSyncsOptions {
  /** URL or path of the repository; may contain a password. */
  readonly repository: string;
  readonly branch: string;
  /** `flux` stands for `refs/notes/flux`, beside which the records are. */
  readonly notesRef: string;
  /** For temporary files. */
  readonly temporaryDirectory: string;
  /** The environment of the person who asks: their proxies, ssh-agent, known hosts and credential helpers apply. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends a fetch. */
  readonly signal: AbortSignal;
}

/** Commits that are searched for records. */
const MAX_COMMITS = 20_000;
const MAX_RECORD_BYTES = 16 << 20;

/**
 * The sync records of a branch, newest commit first, read without a daemon. Only the branch and the records are fetched, into a temporary
 * mirror; nothing is written to the repository, and there is no prompt.
 * @throws FluxError `git/bad-url`, `git/bad-option`, `git/branch-missing`, and those of a fetch.
 */
export async function recordedSyncs(
  { repository, branch, notesRef, temporaryDirectory, environment, timeoutMs, clock, signal }: RecordedSyncsOptions,
  limit: number,
): Promise<readonly { readonly revision: Revision; readonly text: string }[]> {
  const directory = await mkdtemp(join(temporaryDirectory, 'fluxctl-history-'));
  const source = createSource({
    ...{ url: repository, branch, notesRef, directory, timeoutMs, clock, log: silentLogger() },
    access: 'read-only',
    asPerson: true,
    runner: directGit,
    // No file is needed.
    partialClone: 'auto',
    paths: ['.fluxctl-reads-no-files'],
    names: /(?!)/,
    user: 'fluxctl',
    email: 'fluxctl@localhost',
    syncTag: 'flux-sync',
    skipMessage: '',
    ssh: {},
    environment: { GIT_CONFIG_GLOBAL: join(environment.HOME ?? homedir(), '.gitconfig'), ...environment },
    maxBlobBytes: MAX_RECORD_BYTES,
  });
  try {
    const head = await source.fetch({ signal });
    const commits = await source.commits({ to: head, limit: MAX_COMMITS, allPaths: true }, { signal });
    return await source.syncRecords(
      commits.map(({ revision }) => revision),
      limit,
    );
  } finally {
    await source.close();
    await rm(directory, { recursive: true, force: true });
  }
}
