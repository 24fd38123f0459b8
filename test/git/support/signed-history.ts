import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GIT_ENVIRONMENT } from './git-environment.ts';
import { createRemote, type Remote, temporaryDirectory } from './repository.ts';
import { type GpgKey, gpgHome, type SshKey } from './signing-keys.ts';

/** Who signs; `at` is what gpg thinks the time is, and `expires` when the signature does. */
export type Signer =
  | { readonly gpg: GpgKey; readonly at?: string; readonly expires?: string }
  | { readonly ssh: SshKey; readonly namespace?: string };

export interface CommitOptions {
  readonly by?: Signer | undefined;
  /** By default the head of the branch; none for a first commit. */
  readonly parents?: readonly string[];
  readonly message?: string;
}

/** A repository whose commits and tags are signed as the test says, by git itself. */
export interface SignedHistory extends Remote {
  /** A commit that becomes the head of the branch. */
  signed(options?: CommitOptions): string;
  /** A commit of no branch. */
  made(options?: CommitOptions): string;
  /** Sets the head of the branch. */
  head(revision: string): void;
  /** Replaces a commit by one with the same signature and another message, and makes it the head. */
  tampered(revision: string): string;
  /** Sets a tag, by default the sync tag, made under another name when given. */
  tagged(
    revision: string,
    options?: { readonly by?: Signer | undefined; readonly name?: string; readonly madeAs?: string },
  ): void;
}

export function signedHistory(): SignedHistory {
  const remote = createRemote();
  const programs = temporaryDirectory();
  let count = 0;
  const git = (args: readonly string[], by: Signer | undefined, input = '') => {
    const env = { ...GIT_ENVIRONMENT, GNUPGHOME: gpgHome() };
    return execFileSync('git', [...configOf(by), ...args], { cwd: remote.path, env, input, encoding: 'utf8' }).trim();
  };
  const configOf = (by: Signer | undefined): readonly string[] => {
    if (by === undefined) return [];
    if ('gpg' in by && by.at === undefined) return [];
    if ('ssh' in by && by.namespace === undefined) return ['-c', 'gpg.format=ssh'];
    count += 1;
    const program = join(programs, String(count));
    const text =
      'gpg' in by
        ? `exec gpg --faked-system-time ${by.at}! ${by.expires === undefined ? '' : `--default-sig-expire ${by.expires}`} "$@"`
        : `while [ $# -gt 0 ]; do a=$1; shift; [ "$a" = git ] && a=${by.namespace}; set -- "$@" "$a"; n=$((n+1)); [ $n = 7 ] && break; done; exec ssh-keygen "$@"`;
    writeFileSync(program, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return 'gpg' in by ? ['-c', `gpg.program=${program}`] : ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.program=${program}`];
  };
  const keyOf = (by: Signer) => ('gpg' in by ? by.gpg.fingerprint : by.ssh.privateFile);
  const head = (revision: string) => void remote.git('update-ref', 'refs/heads/main', revision);
  const made = ({ by, parents = [remote.git('rev-parse', 'refs/heads/main')], message = 'Change' }: CommitOptions = {}) => {
    count += 1;
    const blob = git(['hash-object', '-w', '--stdin'], undefined, `a: ${count}\n`);
    const tree = git(['mktree'], undefined, `100644 blob ${blob}\ta.yaml\n`);
    const sign = by ? [`-S${keyOf(by)}`] : [];
    return git(['commit-tree', ...sign, ...parents.flatMap((parent) => ['-p', parent]), '-m', `${message} ${count}`, tree], by);
  };
  return {
    ...remote,
    made,
    head,
    signed(options) {
      const revision = made(options);
      head(revision);
      return revision;
    },
    tampered(revision) {
      const content = remote.git('cat-file', 'commit', revision).replace('Change', 'Tampered');
      const made = git(['hash-object', '-w', '-t', 'commit', '--stdin'], undefined, `${content}\n`);
      head(made);
      return made;
    },
    tagged(revision, { by, name = 'flux-sync', madeAs = name } = {}) {
      const sign = by ? ['--sign', `--local-user=${keyOf(by)}`] : ['--annotate'];
      git(['tag', ...sign, '--force', '--message', 'Sync pointer', madeAs, revision], by);
      if (madeAs !== name) remote.git('update-ref', `refs/tags/${name}`, `refs/tags/${madeAs}`);
    },
  };
}
