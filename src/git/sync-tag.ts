import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from './commands/write.ts';
import type { RunOptions } from './git-process.ts';
import type { Mirror } from './mirror.ts';

export const SYNC_TAG_SUBJECT = 'Sync pointer';

interface SyncTag {
  readonly name: string;
  readonly revision: string;
  readonly tagger: Identity;
  readonly seconds: number;
}

/** Stores the sync tag in the mirror, signed if there is a key for that; no ref refers to it until it is pushed. */
export async function makeSyncTag(
  { git, gitDir, directory }: Pick<Mirror, 'git' | 'gitDir' | 'directory'>,
  tag: SyncTag,
  run: RunOptions,
): Promise<string> {
  if (!git.signing) return git.makeTag(syncTagContent(tag), run);
  const besides = await mkdtemp(join(directory, 'tag-'));
  try {
    await mkdir(join(besides, 'refs'));
    await writeFile(join(besides, 'HEAD'), 'ref: refs/heads/main\n');
    // The object format is in there.
    await copyFile(join(gitDir, 'config'), join(besides, 'config'));
    const { name, revision, tagger, seconds } = tag;
    const content = { name, target: revision, message: SYNC_TAG_SUBJECT, tagger, seconds };
    return await git.makeSignedTag(content, git.signing, { ...run, besides });
  } finally {
    await rm(besides, { recursive: true, force: true });
  }
}

/** The bytes of the tag, as `git tag --annotate --message "Sync pointer"` writes them in UTC. */
export function syncTagContent({ name, revision, tagger, seconds }: SyncTag): string {
  return [
    `object ${revision}`,
    'type commit',
    `tag ${name}`,
    `tagger ${tagger.name} <${tagger.email}> ${seconds} +0000`,
    '',
    SYNC_TAG_SUBJECT,
    '',
  ].join('\n');
}
