import { FluxError } from '../../base/index.ts';
import type { Git } from '../git.ts';
import type { RunOptions } from '../git-process.ts';

export interface VerifiedTagOptions {
  readonly git: Git;
  readonly syncTag: string;
  /** Changes with the trusted keys. */
  readonly keys: () => Promise<string>;
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
}

/**
 * The revision of the sync tag; undefined without one. It throws for a tag without a valid signature, because commits are believed from
 * there on. A tag that was signed under another name says nothing about a sync.
 */
export function createVerifiedTag({ git, syncTag, keys, resolve }: VerifiedTagOptions) {
  const ref = `refs/tags/${syncTag}`;
  let known: { readonly question: string; readonly failure: FluxError | undefined } | undefined;

  return async (run: RunOptions): Promise<string | undefined> => {
    const [tag, revision] = await Promise.all([ref, `${ref}^{commit}`].map((name) => resolve(name, run)));
    if (tag === undefined) return undefined;
    const question = JSON.stringify([tag, await keys()]);
    if (known?.question !== question) known = { question, failure: await failureOf(tag, run) };
    if (known.failure) throw known.failure;
    return revision;
  };

  async function failureOf(tag: string, run: RunOptions): Promise<FluxError | undefined> {
    const fault = await tagFault(git, { id: tag, name: syncTag }, run);
    return fault === undefined ? undefined : notVerified(fault);
  }

  function notVerified(why: string): FluxError {
    return new FluxError(`tag "${syncTag}" has no valid signature: ${why}`, {
      code: 'git/marker-unverified',
      fault: 'user',
      help: `Nothing is synced. Sign it with a trusted key (git tag --sign --force ${syncTag} REVISION, and push it), or delete it: then the whole history must be signed.`,
    });
  }
}

/** Why the signature of a tag is not valid, in one line. One that was made under another name was not made for this tag. */
export async function tagFault(
  git: Pick<Git, 'verifyTag'>,
  { id, name }: { readonly id: string; readonly name?: string },
  run: RunOptions,
): Promise<string | undefined> {
  const verified = await git.verifyTag(id, run);
  if (!verified.ok) return verified.why.slice(0, 500);
  return name === undefined || verified.name === name ? undefined : `it was made as tag "${verified.name.slice(0, 100)}"`;
}
