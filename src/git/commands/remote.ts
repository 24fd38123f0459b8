import type { GitOutput } from '../failure.ts';
import type { RunOptions } from '../git-process.ts';
import { type CommandRunner, objectId } from './command-runner.ts';

/** A change of one ref on the remote. */
export interface RefUpdate {
  readonly ref: string;
  /** The new object id; `''` removes the ref. */
  readonly target: string;
  /** The expected present object id, without which the push is rejected; `''` means that the ref must not exist. */
  readonly expected: string;
}

/** The outcome of a push. */
export interface PushOutcome {
  readonly ok: boolean;
  readonly noAtomic: boolean;
  readonly output: GitOutput;
}

/** What git may not do in a fetch besides fetching. */
const FETCH = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];

/** Commands that contact the remote. */
export function remoteCommands({ contact, runRemote, must, stdoutOf, promisedBy, lacksBlobs }: CommandRunner) {
  return {
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
      const input = ids.map((blob) => `${objectId(blob)}\n`).join('');
      await stdoutOf(
        await runRemote(['fetch', ...FETCH, '--filter=blob:none', '--stdin', '--', url], {
          ...options,
          input,
          config: promisedBy(url),
        }),
      );
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
      const leases = updates.map(({ ref, expected }) => `--force-with-lease=${ref}:${expected === '' ? '' : objectId(expected)}`);
      const refspecs = updates.map(({ ref, target }) => `${target === '' ? '' : objectId(target)}:${ref}`);
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
      const args = ['blame', '--porcelain', '-L', `${from},${to}`, objectId(revision), '--', file];
      return lacksBlobs() ? stdoutOf(await contact(args, { ...options, config: promisedBy(url) })) : must(args, options);
    },
  };
}
