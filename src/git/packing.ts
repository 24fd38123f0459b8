import type { Logger } from '../base/index.ts';
import { withinDeadline } from './deadline.ts';
import type { Git } from './git.ts';

export interface PackingOptions {
  readonly git: Git;
  /** Revisions that may be read still, though no ref of the remote holds them. */
  readonly inUse: () => readonly string[];
  /** Called when packs have taken the place of others. */
  readonly onPacked: () => void;
  readonly log: Logger;
}

/** A write leaves up to ten files of 4 KiB or more on the disk, for as many hundred bytes. */
const WORTHWHILE_WRITES = 20;
const TIMEOUT_MS = 600_000;

/** In a larger repository only small packs are put together: to look through all of it costs memory and minutes. */
const LARGE_OBJECTS = 200_000;
const IN_USE = 'refs/fluxd/in-use';

/**
 * Packs what the mirror has gathered while it is not needed. What no ref holds is dropped then: superseded tags, and history that was
 * rewritten.
 */
export function createPacking({ git, inUse, onPacked, log }: PackingOptions) {
  let writes = 0;
  /** How often others have wanted to write. */
  let yielded = 0;
  let current: AbortController | undefined;

  return {
    /** Something was added to the mirror. */
    written(): void {
      writes += 1;
    },

    /** The work to be done, if it is worth while; nothing else may write to the mirror meanwhile. */
    due(): (() => Promise<void>) | undefined {
      if (writes < WORTHWHILE_WRITES) return undefined;
      const before = yielded;
      return () => (yielded === before && writes >= WORTHWHILE_WRITES ? pack() : Promise.resolve());
    },

    /** Has what goes on end, because others want to write; it is done another time. */
    yield(): void {
      yielded += 1;
      current?.abort(new Error('others want the mirror'));
    },
  };

  async function pack(): Promise<void> {
    const abort = new AbortController();
    current = abort;
    const before = writes;
    try {
      await withinDeadline('git repack', TIMEOUT_MS, abort.signal, async (signal) => {
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
      // Tried again when as much has come together once more.
      writes -= before;
      log.warn({ err: error }, 'git mirror could not be packed');
    } finally {
      current = undefined;
    }
  }
}
