import type { RunOptions } from '../git-process.ts';
import { type CommandRunner, objectId } from './command-runner.ts';

/** Commands for the repository as a whole: its creation, its packs, its soundness and its refs. */
export function storeCommands({ run, must, promised }: CommandRunner) {
  return {
    init: (branch: string, format: 'sha1' | 'sha256', options: RunOptions) =>
      must(['init', '--quiet', '--bare', `--initial-branch=${branch}`, `--object-format=${format}`], options),

    /** `reachable` only follows links between objects; `all` reads every object and verifies its id. */
    fsck: (depth: 'all' | 'reachable', options: RunOptions) =>
      run(['fsck', ...(depth === 'reachable' ? ['--connectivity-only'] : []), '--no-dangling', '--no-progress'], {
        ...options,
        extra: promised(),
      }),

    /** Whether the history of a ref, or a tree in it, is incomplete. A repository that lacks blobs is complete without them. */
    async lacksHistory(ref: string, options: RunOptions): Promise<boolean> {
      const args = ['rev-list', '--objects', '--filter=blob:none', '--missing=print', '--no-object-names', '--quiet'];
      const { exitCode, stdout } = await run([...args, '--end-of-options', ref], options);
      return exitCode !== 0 || stdout.includes('?');
    },

    /** `all` creates one pack of all reachable objects and drops the rest; `small` combines loose objects and small packs, and drops nothing. */
    async repack(depth: 'all' | 'small', options: RunOptions): Promise<void> {
      const sparing = ['-d', '-l', '-q', '--no-write-bitmap-index', '--threads=1', '--window-memory=64m'];
      const extra = promised();
      await must(['repack', depth === 'all' ? '-a' : '--geometric=2', ...sparing], { ...options, extra });
      if (depth === 'all') await must(['prune', '--expire=now'], { ...options, extra });
    },

    /** Stores the objects as one pack in a folder; resolves to its name, or undefined if there are none. */
    async packObjects(folder: string, ids: readonly string[], options: RunOptions): Promise<string | undefined> {
      const args = ['pack-objects', '-q', '--threads=1', '--window-memory=64m', '--non-empty', '--', `${folder}/pack`];
      const output = await must(args, { ...options, input: ids.map((each) => `${objectId(each)}\n`).join('') });
      const name = output.toString('latin1').trim();
      return name === '' ? undefined : `pack-${objectId(name)}`;
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

    /** Sets refs of the mirror, and removes those without a target. */
    updateRefs: (updates: readonly { readonly ref: string; readonly target: string | undefined }[], options: RunOptions) =>
      must(['update-ref', '--no-deref', '-z', '--stdin'], {
        ...options,
        input: updates
          .map(({ ref, target }) => (target === undefined ? `delete ${ref}\0\0` : `update ${ref}\0${objectId(target)}\0\0`))
          .join(''),
      }),
  };
}
