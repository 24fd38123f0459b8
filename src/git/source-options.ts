import type { Clock, Logger } from '../base/index.ts';
import type { GitAuthentication } from './credentials/choose.ts';
import type { DeployKeys } from './deploy-key/deploy-keys.ts';
import type { GitTls } from './environment.ts';
import { type Follow, parseFollow } from './follow.ts';
import type { GitRunner, OnRemote } from './git-process.ts';
import { badOption, checkFile, checkIdentity, checkRef, notesRefOf, repositoryPath } from './names.ts';
import type { Signatures } from './signatures/signatures.ts';
import { gitAddress } from './validate-url.ts';

export interface SourceOptions {
  /** If empty, no repository is configured, and every operation throws. */
  readonly url: string;
  readonly branch: string;
  /** In place of the branch: a tag, `semver:` with a range of tags, or a commit. Needs `read-only` access. */
  readonly ref?: string;
  /** What the names of branches of proposals begin with, so that they are known on a remote with very many refs, too. */
  readonly pushBranch?: string;
  /** Relative to the repository root; empty means the whole repository. */
  readonly paths: readonly string[];
  /** Set if all files are needed, also those outside of the paths: commands may read any. */
  readonly wholeTree?: boolean;
  /** `auto`: blobs outside of the paths stay on the remote, where the server can do that. */
  readonly partialClone: 'auto' | 'off';
  /** Pattern of listed file names; other files are only counted. */
  readonly names: RegExp;
  /** Directory of the mirror, used only by this source; created if missing. */
  readonly directory: string;
  readonly user: string;
  readonly email: string;
  readonly syncTag: string;
  /** `flux` stands for `refs/notes/flux`. */
  readonly notesRef: string;
  /** Whether the cause's user becomes the author of a commit. */
  readonly setAuthor?: boolean;
  /** Appended verbatim to every message. */
  readonly skipMessage: string;
  /** Timeout of each Git operation: a fetch, a push, a read. */
  readonly timeoutMs: number;
  /** `read-only`: nothing is ever pushed, nor is it tried. */
  readonly access: 'read-write' | 'read-only';
  /** Runs git as a person, who is present: with their ssh-agent. */
  readonly asPerson?: true;
  /** Runs the processes; by default a thread does. */
  readonly runner?: GitRunner;
  /** Called before each push; if it throws, nothing is pushed, and the error is passed on. */
  readonly mayPush?: () => void;
  readonly ssh: SshAccess;
  /** Credentials for http(s); those of the URL by default. */
  readonly authentication?: GitAuthentication;
  /** Certificates for https. */
  readonly tls?: GitTls;
  /** Keys for signing commits and the sync tag; by default nothing is signed. */
  readonly signatures?: Signatures;
  /** The revision from which on commits are verified; by default that of the sync tag, whose signature must be valid. */
  readonly marker?: () => Promise<string | undefined>;
  /** The daemon's own environment; git gets a selection of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Size limit of files in bytes. */
  readonly maxBlobBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after each command that contacted the remote. */
  readonly onRemote?: OnRemote;
}

/** How ssh logs in to the host. */
export interface SshAccess {
  /** In place of ssh's own. */
  readonly knownHostsFile?: string;
  /** Without them, ssh offers its default keys. */
  readonly keys?: Pick<DeployKeys, 'refresh' | 'files' | 'unproven' | 'explain'>;
}

/** The options as git needs them. */
export interface CheckedOptions {
  readonly follow: Follow;
  /** Undefined if no repository is configured. */
  readonly remote: ReturnType<typeof gitAddress> | undefined;
  /** Plain paths that are read; an empty one means the whole repository. */
  readonly paths: readonly string[];
  /** Full names. */
  readonly notesRef: string;
  readonly recordRef: string;
}

/** @throws FluxError `git/bad-url` or `git/bad-option`, with the flag */
export function readSourceOptions(options: SourceOptions): CheckedOptions {
  const { url, branch, ref = '', access, tls, authentication } = options;
  const follow = parseFollow(branch, options.ref);
  if (follow.kind !== 'branch' && access !== 'read-only') throw badOption('--git-ref', ref, 'it can only be read');
  checkRef('--git-sync-tag', options.syncTag);
  checkIdentity('--git-user', options.user);
  checkIdentity('--git-email', options.email);
  checkFile('SSH known_hosts file', options.ssh.knownHostsFile);
  if (authentication?.kind === 'token-file') checkFile('--git-token-file', authentication.file);
  checkFile('--git-ca-file', tls?.caFile);
  checkFile('--git-tls-cert-file', tls?.client?.certFile);
  checkFile('--git-tls-key-file', tls?.client?.keyFile);
  const notesRef = notesRefOf(options.notesRef);
  checkRef('--git-notes-ref', notesRef.replace('refs/notes/', ''));
  return {
    follow,
    paths: options.wholeTree ? [''] : options.paths.map(repositoryPath),
    remote: url === '' ? undefined : gitAddress(url),
    notesRef,
    recordRef: `${notesRef}-sync`,
  };
}
