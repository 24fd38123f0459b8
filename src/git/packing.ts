import type { Logger } from '../base/index.ts';
import { withinDeadline } from './deadline.ts';
import type { Mirror } from './mirror.ts';
import { packPartial } from './pack-partial.ts';

export interface PackingOptions {
  readonly mirror: Pick<Mirror, 'git' | 'gitDir' | 'directory' | 'lacksBlobs'>;
  /** Revisions that may still be read, although no remote ref contains them. */
  readonly inUse: () => readonly string[];
  /** Called after packs were replaced. */
  readonly onPacked: () => void;
  readonly log: Logger;
}

/** Number of writes before packing: each leaves up to ten files that take 4 KiB or more on disk for a few hundred bytes. */
const WORTHWHILE_WRITES = 20;
const TIMEOUT_MS = 600_000;

/** In a larger repository only small packs are combined: a full repack takes memory and minutes. */
const LARGE_OBJECTS = 200_000;
const IN_USE = 'refs/fluxd/in-use';

/**
 * Packs the mirror while it is idle. Unreachable objects are dropped: superseded tags, and rewritten history.
 */
export function createPacking({ mirror, inUse, onPacked, log }: PackingOptions) {
  const { git } = mirror;
  let writes = 0;
  /** Number of write requests so far. */
  let yielded = 0;
  let current: AbortController | undefined;

  return {
    /** Called after a write to the mirror. */
    written(): void {
      writes += 1;
    },

    /** The packing to run, if due; nothing else may write to the mirror meanwhile. */
    due(): (() => Promise<void>) | undefined {
      if (writes < WORTHWHILE_WRITES) return undefined;
      const before = yielded;
      return () => (yielded === before && writes >= WORTHWHILE_WRITES ? pack() : Promise.resolve());
    },

    /** Cancels running packing for a write; it is repeated later. */
    yield(): void {
      yielded += 1;
      current?.abort(new Error('interrupted by a write to the mirror'));
    },
  };

  async function pack(): Promise<void> {
    const abort = new AbortController();
    current = abort;
    const before = writes;
    try {
      await withinDeadline('git repack', TIMEOUT_MS, abort.signal, async (signal) => {
        if (mirror.lacksBlobs()) return packPartial(git, mirror, { signal });
        const depth = (await git.packedObjects({ signal })) > LARGE_OBJECTS ? 'small' : 'all';
        await git.updateRefs(
          inUse().map((target, index) => ({ ref: `${IN_USE}/${index}`, target })),
          { signal },
        );
        await git.repack(depth, { signal });
      });
      writes -= before;
      onPacked();
    } catch (error) {
      if (abort.signal.aborted) return;
      // Retried after the same number of further writes.
      writes -= before;
      log.warn({ err: error }, 'packing the git mirror failed');
    } finally {
      current = undefined;
    }
  }
}
