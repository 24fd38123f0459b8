import { FluxError } from '../../base/index.ts';

/** A key that signs our commits and the sync tag. */
export interface Signing {
  /** What git takes for the key: a GPG key, or the path of a private SSH key. */
  readonly key: string;
  /** Called before each signature. */
  prepare(): Promise<void>;
  /** Why the key cannot sign, in one line; undefined if it can. */
  problem(): Promise<string | undefined>;
  /** Why its signatures would be refused here, in one line; undefined if they are valid. */
  distrust(): Promise<string | undefined>;
}

/**
 * Runs a git command that signs.
 * @throws FluxError `git/signing-failed` with the reason if the key cannot sign, else the error of the command
 */
export async function signed<T>(what: 'commit' | 'sync tag', signing: Signing, work: () => Promise<T>): Promise<T> {
  try {
    await signing.prepare();
    return await work();
  } catch (error) {
    if (!(error instanceof FluxError) || error.code === 'git/timeout') throw error;
    const why = await signing.problem();
    if (why === undefined) throw error;
    throw signingFailed(`the ${what} cannot be signed`, why, error);
  }
}

export function signingFailed(subject: string, why: string, cause?: unknown): FluxError {
  return new FluxError(`${subject}: ${why}`, {
    code: 'git/signing-failed',
    fault: 'user',
    help: 'Nothing was pushed. --git-signing-key must name a key without passphrase that is valid now: a GPG key that --git-gpg-key-import has, or with --git-signing-format=ssh the file of a private key. Restart fluxd after a change of GPG keys.',
    cause,
  });
}
