import { join } from 'node:path';
import { FluxError } from '../../base/index.ts';
import type { GitOptions, RunOptions } from '../git-process.ts';
import { isObjectId } from '../names.ts';
import { type Signing, signed } from '../signatures/signing.ts';
import { type CommandRunner, objectId } from './command-runner.ts';

export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Commands that create objects: blobs, trees, commits, tags and notes. */
export function writeCommands(
  { must, id, lacksBlobs }: CommandRunner,
  { clock, gitDir, signing }: Pick<GitOptions, 'clock' | 'gitDir' | 'signing'>,
) {
  return {
    /** Stores the contents of files, by one process; the ids are in the order of the files. */
    async hashFiles(files: readonly string[], options: RunOptions): Promise<readonly string[]> {
      const input = files.map((file) => `${file}\n`).join('');
      const args = ['hash-object', '-w', '-t', 'blob', '--no-filters', '--stdin-paths'];
      const ids = (await must(args, { ...options, input })).toString('utf8').trimEnd().split('\n');
      if (ids.length === files.length && ids.every(isObjectId)) return ids;
      throw new FluxError('git hash-object: returned other than object ids', { code: 'git/command-failed' });
    },

    /** The tree of `base` with some entries replaced, by a private index file. */
    async writeTree(
      base: string,
      entries: readonly { readonly mode: string; readonly blob: string; readonly path: string }[],
      { indexFile, ...options }: RunOptions & { readonly indexFile: string },
    ): Promise<string> {
      const extra = { GIT_INDEX_FILE: indexFile };
      await must(['read-tree', objectId(base)], { ...options, extra });
      const input = entries.map(({ mode, blob, path }) => `${mode} ${objectId(blob)}\t${path}\0`).join('');
      await must(['update-index', '-z', '--index-info'], { ...options, extra, input });
      // Git would look for every blob of the tree.
      return id(['write-tree', ...(lacksBlobs() ? ['--missing-ok'] : [])], { ...options, extra });
    },

    commitTree: (
      commit: {
        readonly tree: string;
        readonly parent: string;
        readonly message: string;
        readonly author: Identity;
        readonly committer: Identity;
      },
      options: RunOptions,
    ) => {
      const commitTree = (sign: string) =>
        id(['commit-tree', sign, '-p', objectId(commit.parent), '-F', '-', objectId(commit.tree)], {
          ...options,
          input: commit.message,
          extra: identities(commit.author, commit.committer, Math.floor(clock.now() / 1000)),
        });
      return signing ? signed('commit', signing, () => commitTree(`--gpg-sign=${signing.key}`)) : commitTree('--no-gpg-sign');
    },

    /** Stores the bytes of an annotated tag after git has checked them. */
    makeTag: (content: string, options: RunOptions) => id(['mktag', '--strict'], { ...options, input: content }),

    /**
     * Makes a signed annotated tag. Git can do so only together with its ref, which is made in another repository directory; the tag
     * itself is stored in this repository.
     */
    makeSignedTag: (
      tag: {
        readonly name: string;
        readonly target: string;
        readonly message: string;
        readonly tagger: Identity;
        readonly seconds: number;
      },
      signing: Signing,
      { besides, ...options }: RunOptions & { readonly besides: string },
    ) => {
      const extra = {
        ...identities(tag.tagger, tag.tagger, tag.seconds),
        GIT_DIR: besides,
        GIT_OBJECT_DIRECTORY: join(gitDir, 'objects'),
      };
      return signed('sync tag', signing, async () => {
        const args = [
          'tag',
          '--sign',
          `--local-user=${signing.key}`,
          '--force',
          '--file=-',
          '--',
          tag.name,
          objectId(tag.target),
        ];
        await must(args, { ...options, extra, input: `${tag.message}\n` });
        const format = '--format=%(objectname)%00%(contents:signature)';
        const made = (await must(['for-each-ref', format, '--', `refs/tags/${tag.name}`], { ...options, extra })).toString(
          'utf8',
        );
        const [tagged = '', signature = ''] = made.split('\0');
        // Before 2.41, git makes an unsigned tag of a failed SSH signature, and exits with 0.
        if (signature.trim() === '' || !isObjectId(tagged))
          throw new FluxError('git tag: made a tag without a signature', { code: 'git/command-failed' });
        return tagged;
      });
    },

    signing,

    addNote: (ref: string, commit: string, note: string, who: Identity & { readonly seconds: number }, options: RunOptions) =>
      must(['notes', `--ref=${ref}`, 'add', '--force', '--file=-', objectId(commit)], {
        ...options,
        input: note,
        extra: identities(who, who, who.seconds),
      }),
  };
}

function identities(author: Identity, committer: Identity, seconds: number): Record<string, string> {
  const date = `@${seconds} +0000`;
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: date,
  };
}
