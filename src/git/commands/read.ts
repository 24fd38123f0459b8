import { gitFailed } from '../failure.ts';
import type { GitOptions, RunOptions } from '../git-process.ts';
import { isObjectId } from '../names.ts';
import type { Selection } from '../selection.ts';
import { type CommandRunner, objectId } from './command-runner.ts';

/** Options for a log with only the requested format, regardless of configuration. */
const PLAIN_LOG = ['--no-show-signature', '--no-color', '--no-decorate', '--no-mailmap', '--no-notes'];

/** Commands that read objects and refs. */
export function readCommands({ run, must, stdoutOf }: CommandRunner, { gitDir }: Pick<GitOptions, 'gitDir'>) {
  /** Entries `:<mode> <mode> <id> <id> <status>\0<path>\0` of the files below the paths that differ. */
  async function diffTree(
    from: string,
    to: string,
    paths: readonly string[],
    options: RunOptions & { readonly maxBytes?: number },
  ): Promise<Buffer> {
    const args = ['diff-tree', '-r', '-z', '--no-renames', '--no-abbrev', '--end-of-options'];
    return must([...args, objectId(from), objectId(to), '--', ...paths], options);
  }

  return {
    /** The object of an expression, or undefined. The expression must not be an option (names.ts). */
    async revParse(expression: string, options: RunOptions): Promise<string | undefined> {
      const output = await run(['rev-parse', '--verify', '--quiet', '--end-of-options', expression], options);
      // The exit code for a missing object; any other failure says nothing about it.
      if (output.exitCode === 1) return undefined;
      const text = (await stdoutOf(output)).toString('utf8').trim().split('\n').at(-1) ?? '';
      return isObjectId(text) ? text : undefined;
    },

    /** Entries `<mode> <type> <id> <size>\t<path>\0`; size is `-` for anything but a blob. A recursive listing includes folders. */
    lsTree: (
      tree: string,
      paths: readonly string[],
      { recursive, ...options }: RunOptions & { readonly recursive: boolean; readonly select?: Selection },
    ) =>
      must(['ls-tree', ...(recursive ? ['-r', '-t'] : []), '-z', '-l', '--full-tree', '--', objectId(tree), ...paths], options),

    diffTree,

    /** The blobs below the paths that `to` has and `from` has not. */
    async changedBlobs(from: string, to: string, paths: readonly string[], options: RunOptions): Promise<readonly string[]> {
      return newBlobs(await diffTree(from, to, paths, options));
    },

    /** The blobs of a commit below the paths that the repository lacks. */
    async missingBlobs(commit: string, paths: readonly string[], options: RunOptions): Promise<readonly string[]> {
      const args = ['rev-list', '--no-walk', '--objects', '--missing=print', '--no-object-names'];
      const output = await must([...args, '--end-of-options', objectId(commit), '--', ...paths], options);
      return Array.from(output.toString('latin1').matchAll(/^\?([0-9a-f]+)$/gm), ([, blob = '']) => blob);
    },

    log: (
      range: {
        readonly to: string;
        readonly from?: string;
        readonly limit: number;
        readonly paths: readonly string[];
        readonly format: string;
      },
      options: RunOptions,
    ) =>
      must(
        [
          'log',
          '-z',
          `--max-count=${range.limit}`,
          `--format=${range.format}`,
          ...PLAIN_LOG,
          '--end-of-options',
          objectId(range.to),
          ...(range.from === undefined ? [] : [`^${objectId(range.from)}`]),
          '--',
          ...range.paths,
        ],
        options,
      ),

    /** The formatted commits among the ids, each terminated by NUL; missing objects and other types are skipped. */
    logOf: (commits: readonly string[], format: string, options: RunOptions): Promise<Buffer> =>
      commits.length === 0
        ? Promise.resolve(Buffer.alloc(0)) // git would use HEAD if there are none
        : must(['log', '-z', '--no-walk=unsorted', '--ignore-missing', '--stdin', `--format=${format}`, ...PLAIN_LOG], {
            ...options,
            input: commits.map((commit) => `${objectId(commit)}\n`).join(''),
          }),

    /** The blobs that a file was, latest first. */
    async blobsOfHistory(
      { revision, file, limit }: { readonly revision: string; readonly file: string; readonly limit: number },
      options: RunOptions,
    ): Promise<readonly string[]> {
      const range = [`--max-count=${limit}`, '--format=', '--raw', '--no-abbrev', '--no-renames', ...PLAIN_LOG];
      const args = ['log', '-z', ...range, '--end-of-options', objectId(revision), '--', file];
      return newBlobs(await must(args, options));
    },

    /** Whether two commits have one in common in their histories. */
    async haveMergeBase(a: string, b: string, options: RunOptions): Promise<boolean> {
      const output = await run(['merge-base', objectId(a), objectId(b)], options);
      // The exit code for none; any other failure says nothing about it.
      if (output.exitCode === 1) return false;
      await stdoutOf(output);
      return true;
    },

    /** Lines `<commit> <parent>…` of the commits of `from..to`. */
    revList: (
      range: { readonly to: string; readonly from?: string; readonly limit: number },
      options: RunOptions,
    ): Promise<Buffer> =>
      must(
        [
          'rev-list',
          '--parents',
          `--max-count=${range.limit}`,
          '--end-of-options',
          objectId(range.to),
          ...(range.from === undefined ? [] : [`^${objectId(range.from)}`]),
          '--',
        ],
        options,
      ),

    /** Verifies the signature of a tag object, whose key must be trusted. */
    async verifyTag(
      tag: string,
      options: RunOptions,
    ): Promise<{ readonly ok: true; readonly name: string } | { readonly ok: false; readonly why: string }> {
      const named = async () => {
        const output = await run(['verify-tag', '--format=%(tag)', '--', objectId(tag)], options);
        if (output.exitCode === undefined) throw await gitFailed(output, gitDir);
        return output;
      };
      let output = await named();
      if (output.exitCode !== 0) {
        // With a format, git does not pass on what gpg says. A process that could not be started looks like a bad signature.
        const said = await run(['verify-tag', '--', objectId(tag)], options);
        if (said.exitCode === undefined) throw await gitFailed(said, gitDir);
        if (said.exitCode !== 0) return { ok: false, why: oneLine(`${output.stderr}\n${said.stderr}`) };
        output = await named();
        if (output.exitCode !== 0) throw await gitFailed(output, gitDir);
      }
      return { ok: true, name: output.stdout.toString('utf8').trim() };
    },

    /** Time and subject of a tag; a lightweight tag has no time. */
    async describeTag(ref: string, options: RunOptions): Promise<{ readonly seconds?: number; readonly subject: string }> {
      const format = '%(objecttype)%00%(taggerdate:unix)%00%(contents:subject)';
      const [type, seconds, subject = ''] = (await must(['for-each-ref', `--format=${format}`, '--', ref], options))
        .toString('utf8')
        .trimEnd()
        .split('\0');
      return { subject, ...(type === 'tag' && seconds ? { seconds: Number(seconds) } : {}) };
    },

    /** Lines `<blob> <commit>`. */
    listNotes: (ref: string, options: RunOptions) => must(['notes', `--ref=${ref}`, 'list'], options),
  };
}

/** The new blobs of a raw diff; submodules are none. */
function newBlobs(diff: Buffer): readonly string[] {
  const changes = diff.toString('latin1').matchAll(/:\d{6} (?:100|120)\d{3} [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*\0/g);
  return [...new Set(Array.from(changes, ([, blob = '']) => blob))];
}

function oneLine(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^(gpg|error): */, '').trim());
  return [...new Set(lines)].filter((line) => line !== '').join('; ');
}
