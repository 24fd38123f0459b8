import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError } from '../base/index.ts';
import type { Git, Identity } from './git.ts';
import type { RunOptions } from './git-process.ts';
import type { ObjectReader } from './object-reader.ts';
import { treeEntries } from './tree.ts';

export interface CommitContent {
  readonly base: string;
  readonly edits: readonly { readonly path: string; readonly content: string }[];
  readonly message: string;
  readonly author: Identity;
  readonly committer: Identity;
}

/** Where commits are made. */
interface Repository {
  readonly git: Git;
  readonly reader: Pick<ObjectReader, 'resolve'>;
  /** For temporary files. */
  readonly directory: string;
}

/**
 * Creates a commit on `base` without a checkout: the edited files become blobs, and a private index adds them to the tree with their
 * previous modes. No ref points to the commit until it is pushed.
 * @throws FluxError `git/no-changes` if the tree stays the same, `git/bad-path` for an edit of something other than a file
 */
export async function makeCommit(
  { git, reader, directory }: Repository,
  content: CommitContent,
  run: RunOptions,
): Promise<string> {
  const { base, edits, message, author, committer } = content;
  for (const { path } of edits) checkPath(path);
  const paths = edits.map(({ path }) => path);
  const present = treeEntries(await git.lsTree(base, paths, { ...run, recursive: false }));
  const modes = new Map(Array.from(present, ({ path, mode }) => [path, mode]));
  const entries: { mode: string; blob: string; path: string }[] = [];
  for (const { path, content: text } of edits) {
    const mode = modes.get(path) ?? '100644';
    if (!modes.has(path)) await checkAncestors(git, base, path, edits, run);
    if (!mode.startsWith('100')) throw badPath(path, 'it is a directory, a symbolic link or a submodule, not a file');
    entries.push({ mode, blob: await git.hashObject(text, run), path });
  }
  const folder = await mkdtemp(join(directory, 'index-'));
  try {
    const tree = await git.writeTree(base, entries, { ...run, indexFile: join(folder, 'index') });
    if (tree === (await reader.resolve(`${base}^{tree}`, run)))
      throw new FluxError('no changes made in repo', { code: 'git/no-changes', fault: 'user' });
    return await git.commitTree({ tree, parent: base, message, author, committer }, run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A new file must not have a file as its folder: an index would silently drop that file. */
async function checkAncestors(
  git: Git,
  base: string,
  path: string,
  edits: CommitContent['edits'],
  run: RunOptions,
): Promise<void> {
  const inside = edits.find((edit) => path.startsWith(`${edit.path}/`));
  if (inside) throw badPath(path, `"${inside.path}" is not a directory`);
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/');
    const [entry] = treeEntries(await git.lsTree(base, [folder], { ...run, recursive: false }));
    if (!entry) return;
    if (entry.mode !== '040000') throw badPath(path, `"${folder}" is not a directory`);
  }
}

function checkPath(path: string): void {
  const parts = path.split('/');
  if (path.includes('\0') || path.includes('\ufffd') || !path.isWellFormed()) throw badPath(path, 'it is not plain UTF-8 text');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git'))
    throw badPath(path, 'it leads out of the tree');
}

function badPath(path: string, why: string): FluxError {
  return new FluxError(`file ${JSON.stringify(path.slice(0, 300))} cannot be edited: ${why}`, {
    code: 'git/bad-path',
    fault: 'user',
  });
}
