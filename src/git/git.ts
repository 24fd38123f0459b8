import { join } from 'node:path';
import { FluxError } from '../base/index.ts';
import { type Config, moreConfig } from './environment.ts';
import { type GitOutput, gitFailed } from './failure.ts';
import { createGitProcess, type GitOptions, type RunOptions } from './git-process.ts';
import { isObjectId } from './names.ts';
import type { Selection } from './selection.ts';
import { type Signing, signed } from './signatures/signing.ts';

/** A change of one ref on the remote. */
export interface RefUpdate {
  readonly ref: string;
  /** The new object id; `''` removes the ref. */
  readonly target: string;
  /** The expected present object id, without which the push is rejected; `''` means that the ref must not exist. */
  readonly expected: string;
}

export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** The outcome of a push. */
export interface PushOutcome {
  readonly ok: boolean;
  readonly noAtomic: boolean;
  readonly output: GitOutput;
}

export type Git = ReturnType<typeof createGit>;

/** Options for a log with only the requested format, regardless of configuration. */
const PLAIN_LOG = ['--no-show-signature', '--no-color', '--no-decorate', '--no-mailmap', '--no-notes'];

/** What git may not do in a fetch besides fetching. */
const FETCH = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];

/** The new blobs of a raw diff; submodules are none. */
function newBlobs(diff: Buffer): readonly string[] {
  const changes = diff.toString('latin1').matchAll(/:\d{6} (?:100|120)\d{3} [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*\0/g);
  return [...new Set(Array.from(changes, ([, blob = '']) => blob))];
}

/**
 * All git commands of the product, one function each: argument lists are built only here. External values are placed after `--` or
 * `--end-of-options`, are passed through standard input, or have been validated by names.ts or address.ts.
 */
export function createGit(options: GitOptions) {
  const { environment, clock, gitDir, signing, lacksBlobs = () => false } = options;
  const { run, contact, runRemote, must, stdoutOf } = createGitProcess(options);

  const id = async (args: readonly string[], options: Parameters<typeof must>[1]) => {
    const text = (await must(args, options)).toString('utf8').trim();
    if (!isObjectId(text)) throw new FluxError(`git ${args[0]}: returned no object id`, { code: 'git/command-failed' });
    return text;
  };

  const object = (name: string) => {
    if (!isObjectId(name))
      throw new FluxError(`"${name.slice(0, 80)}" is not an object id`, { code: 'git/bad-revision', fault: 'user' });
    return name;
  };

  /** Configuration for a repository that lacks blobs, which the remote has promised (gitformat-pack(5)). */
  const promisedBy = (url: string): Config => [
    [`remote.${url}.promisor`, 'true'],
    [`remote.${url}.partialclonefilter`, 'blob:none'],
  ];
  /** The same for commands that must not contact the remote. */
  const promised = () => (lacksBlobs() ? { ...moreConfig(environment, promisedBy('remote')), GIT_ALLOW_PROTOCOL: 'none' } : {});

  /** Entries `:<mode> <mode> <id> <id> <status>\0<path>\0` of the files below the paths that differ. */
  async function diffTree(
    from: string,
    to: string,
    paths: readonly string[],
    options: RunOptions & { readonly maxBytes?: number },
  ): Promise<Buffer> {
    const args = ['diff-tree', '-r', '-z', '--no-renames', '--no-abbrev', '--end-of-options'];
    return must([...args, object(from), object(to), '--', ...paths], options);
  }

  return {
    init: (branch: string, format: 'sha1' | 'sha256', options: RunOptions) =>
      must(['init', '--quiet', '--bare', `--initial-branch=${branch}`, `--object-format=${format}`], options),

    /** Lines `<object id>\t<ref>`, of all refs or of those that match a pattern. */
    lsRemote: async (
      url: string,
      { only = [], ...options }: RunOptions & { readonly only?: readonly string[]; readonly maxBytes?: number },
    ) => stdoutOf(await runRemote(['ls-remote', '--quiet', '--refs', '--', url, ...only], options)),

    /** The redirect target that the host returns for the repository; git sends the request as usual, with proxies and credentials. */
    async redirectOf(url: string, options: RunOptions): Promise<string | undefined> {
      const extra = { GIT_TRACE_CURL: '1', GIT_TRACE_CURL_NO_DATA: '1' };
      const { stderr } = await contact(['ls-remote', '--quiet', '--refs', '--', url], { ...options, extra });
      return Array.from(stderr.matchAll(/<= Recv header[^:]*: location: (\S+)/gi), ([, location]) => location).at(-1);
    },

    /** Into a mirror that lacks blobs, `blobs` are left on the remote, if it can do that, or fetched with the rest. */
    fetch: (
      url: string,
      refs: readonly (readonly [remote: string, mirror: string])[],
      { blobs = 'fetch', ...options }: RunOptions & { readonly blobs?: 'fetch' | 'leave' },
    ) =>
      runRemote(
        [
          'fetch',
          '--force',
          ...FETCH,
          ...(lacksBlobs() ? [blobs === 'leave' ? '--filter=blob:none' : '--no-filter'] : []),
          '--',
          url,
          ...refs.map(([remote, mirror]) => `+${remote}:${mirror}`),
        ],
        lacksBlobs() ? { ...options, config: promisedBy(url) } : options,
      ),

    /** Fetches blobs by id, by one request. */
    async fetchBlobs(url: string, ids: readonly string[], options: RunOptions): Promise<void> {
      const input = ids.map((blob) => `${object(blob)}\n`).join('');
      await stdoutOf(
        await runRemote(['fetch', ...FETCH, '--filter=blob:none', '--stdin', '--', url], {
          ...options,
          input,
          config: promisedBy(url),
        }),
      );
    },

    /** The blobs of a commit below the paths that the repository lacks. */
    async missingBlobs(commit: string, paths: readonly string[], options: RunOptions): Promise<readonly string[]> {
      const args = ['rev-list', '--no-walk', '--objects', '--missing=print', '--no-object-names'];
      const output = await must([...args, '--end-of-options', object(commit), '--', ...paths], options);
      return Array.from(output.toString('latin1').matchAll(/^\?([0-9a-f]+)$/gm), ([, blob = '']) => blob);
    },

    /** The blobs below the paths that `to` has and `from` has not. */
    async changedBlobs(from: string, to: string, paths: readonly string[], options: RunOptions): Promise<readonly string[]> {
      return newBlobs(await diffTree(from, to, paths, options));
    },

    diffTree,

    /** The blobs that a file was, latest first. */
    async blobsOfHistory(
      { revision, file, limit }: { readonly revision: string; readonly file: string; readonly limit: number },
      options: RunOptions,
    ): Promise<readonly string[]> {
      const range = [`--max-count=${limit}`, '--format=', '--raw', '--no-abbrev', '--no-renames', ...PLAIN_LOG];
      const args = ['log', '-z', ...range, '--end-of-options', object(revision), '--', file];
      return newBlobs(await must(args, options));
    },

    /** Pushed refs are usually set in the mirror as well, unless asked not to. */
    async push(
      url: string,
      updates: readonly RefUpdate[],
      {
        atomic,
        dryRun = false,
        isMirrored = true,
        ...options
      }: RunOptions & { readonly atomic: boolean; readonly dryRun?: boolean; readonly isMirrored?: boolean },
    ): Promise<PushOutcome> {
      const leases = updates.map(({ ref, expected }) => `--force-with-lease=${ref}:${expected === '' ? '' : object(expected)}`);
      const refspecs = updates.map(({ ref, target }) => `${target === '' ? '' : object(target)}:${ref}`);
      const flags = ['--porcelain', '--no-verify', '--no-follow-tags', '--no-signed', '--no-progress'];
      // Git itself then sets the accepted refs in the mirror. A remote that starts with a slash cannot be configured.
      const mirrored =
        url.startsWith('/') || !isMirrored ? [] : updates.map(({ ref }) => [`remote.${url}.fetch`, `+${ref}:${ref}`] as const);
      const output = await runRemote(
        ['push', ...flags, ...(atomic ? ['--atomic'] : []), ...(dryRun ? ['--dry-run'] : []), ...leases, '--', url, ...refspecs],
        { ...options, config: mirrored },
      );
      return { ok: output.exitCode === 0, noAtomic: output.stderr.includes('does not support --atomic push'), output };
    },

    /** `reachable` only follows links between objects; `all` reads every object and verifies its id. */
    fsck: (depth: 'all' | 'reachable', options: RunOptions) =>
      run(['fsck', ...(depth === 'reachable' ? ['--connectivity-only'] : []), '--no-dangling', '--no-progress'], {
        ...options,
        extra: promised(),
      }),

    /** `all` creates one pack of all reachable objects and drops the rest; `small` combines loose objects and small packs, and drops nothing. */
    async repack(depth: 'all' | 'small', options: RunOptions): Promise<void> {
      const sparing = ['-d', '-l', '-q', '--no-write-bitmap-index', '--threads=1', '--window-memory=64m'];
      const extra = promised();
      await must(['repack', depth === 'all' ? '-a' : '--geometric=2', ...sparing], { ...options, extra });
      if (depth === 'all') await must(['prune', '--expire=now'], { ...options, extra });
    },

    /** Whether the history of a ref, or a tree in it, is incomplete. A repository that lacks blobs is complete without them. */
    async lacksHistory(ref: string, options: RunOptions): Promise<boolean> {
      const args = ['rev-list', '--objects', '--filter=blob:none', '--missing=print', '--no-object-names', '--quiet'];
      const { exitCode, stdout } = await run([...args, '--end-of-options', ref], options);
      return exitCode !== 0 || stdout.includes('?');
    },

    /** Stores the objects as one pack in a folder; resolves to its name, or undefined if there are none. */
    async packObjects(folder: string, ids: readonly string[], options: RunOptions): Promise<string | undefined> {
      const args = ['pack-objects', '-q', '--threads=1', '--window-memory=64m', '--non-empty', '--', `${folder}/pack`];
      const output = await must(args, { ...options, input: ids.map((each) => `${object(each)}\n`).join('') });
      const name = output.toString('latin1').trim();
      return name === '' ? undefined : `pack-${object(name)}`;
    },

    /** The ids in the index file of a pack. */
    async packedIds(index: Buffer, options: RunOptions): Promise<readonly string[]> {
      const listing = (await must(['show-index'], { ...options, input: index })).toString('latin1');
      return Array.from(listing.matchAll(/^\d+ ([0-9a-f]+)/gm), ([, found = '']) => found);
    },

    /** Removes loose objects that are in packs. */
    prunePacked: (options: RunOptions) => must(['prune-packed', '--quiet'], options),

    /** Number of packed objects. */
    async packedObjects(options: RunOptions): Promise<number> {
      const text = (await must(['count-objects', '-v'], options)).toString('utf8');
      return Number(/^in-pack: (\d+)$/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
    },

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
    ) => must(['ls-tree', ...(recursive ? ['-r', '-t'] : []), '-z', '-l', '--full-tree', '--', object(tree), ...paths], options),

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
          object(range.to),
          ...(range.from === undefined ? [] : [`^${object(range.from)}`]),
          '--',
          ...range.paths,
        ],
        options,
      ),

    /** Whether two commits have one in common in their histories. */
    async haveMergeBase(a: string, b: string, options: RunOptions): Promise<boolean> {
      const output = await run(['merge-base', object(a), object(b)], options);
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
          object(range.to),
          ...(range.from === undefined ? [] : [`^${object(range.from)}`]),
          '--',
        ],
        options,
      ),

    /** Verifies the signature of a tag object, whose key must be trusted. */
    async verifyTag(
      tag: string,
      options: RunOptions,
    ): Promise<{ readonly ok: true; readonly name: string } | { readonly ok: false; readonly why: string }> {
      const output = await run(['verify-tag', '--format=%(tag)', '--', object(tag)], options);
      if (output.exitCode === 0) return { ok: true, name: output.stdout.toString('utf8').trim() };
      if (output.exitCode === undefined) throw await gitFailed(output, gitDir);
      // With a format, git does not pass on what gpg says.
      const { stderr } = await run(['verify-tag', '--', object(tag)], options);
      const why = `${output.stderr}\n${stderr}`.split('\n').map((line) => line.replace(/^(gpg|error): */, '').trim());
      return { ok: false, why: [...new Set(why)].filter((line) => line !== '').join('; ') };
    },

    /** The porcelain blame of lines `from` to `to`; the file may have fewer. Blobs that the repository lacks are fetched from `url`. */
    async blame(
      url: string,
      {
        revision,
        file,
        from,
        to,
      }: { readonly revision: string; readonly file: string; readonly from: number; readonly to: number },
      options: RunOptions,
    ): Promise<Buffer> {
      const args = ['blame', '--porcelain', '-L', `${from},${to}`, object(revision), '--', file];
      return lacksBlobs() ? stdoutOf(await contact(args, { ...options, config: promisedBy(url) })) : must(args, options);
    },

    /** The formatted commits among the ids, each terminated by NUL; missing objects and other types are skipped. */
    logOf: (commits: readonly string[], format: string, options: RunOptions): Promise<Buffer> =>
      commits.length === 0
        ? Promise.resolve(Buffer.alloc(0)) // git would use HEAD if there are none
        : must(['log', '-z', '--no-walk=unsorted', '--ignore-missing', '--stdin', `--format=${format}`, ...PLAIN_LOG], {
            ...options,
            input: commits.map((commit) => `${object(commit)}\n`).join(''),
          }),

    /** Time and subject of a tag; a lightweight tag has no time. */
    async describeTag(ref: string, options: RunOptions): Promise<{ readonly seconds?: number; readonly subject: string }> {
      const format = '%(objecttype)%00%(taggerdate:unix)%00%(contents:subject)';
      const [type, seconds, subject = ''] = (await must(['for-each-ref', `--format=${format}`, '--', ref], options))
        .toString('utf8')
        .trimEnd()
        .split('\0');
      return { subject, ...(type === 'tag' && seconds ? { seconds: Number(seconds) } : {}) };
    },

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
      await must(['read-tree', object(base)], { ...options, extra });
      const input = entries.map(({ mode, blob, path }) => `${mode} ${object(blob)}\t${path}\0`).join('');
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
        id(['commit-tree', sign, '-p', object(commit.parent), '-F', '-', object(commit.tree)], {
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
        const args = ['tag', '--sign', `--local-user=${signing.key}`, '--force', '--file=-', '--', tag.name, object(tag.target)];
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
      must(['notes', `--ref=${ref}`, 'add', '--force', '--file=-', object(commit)], {
        ...options,
        input: note,
        extra: identities(who, who, who.seconds),
      }),

    /** Lines `<blob> <commit>`. */
    listNotes: (ref: string, options: RunOptions) => must(['notes', `--ref=${ref}`, 'list'], options),

    /** Sets refs of the mirror, and removes those without a target. */
    updateRefs: (updates: readonly { readonly ref: string; readonly target: string | undefined }[], options: RunOptions) =>
      must(['update-ref', '--no-deref', '-z', '--stdin'], {
        ...options,
        input: updates
          .map(({ ref, target }) => (target === undefined ? `delete ${ref}\0\0` : `update ${ref}\0${object(target)}\0\0`))
          .join(''),
      }),
  };

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
}
