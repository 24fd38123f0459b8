import { silentLogger, systemClock } from '../../src/base/index.ts';
import type { Source } from '../../src/controller/ports/source.ts';
import { recordInGit } from '../../src/controller/sync/records/in-git.ts';
import type { GitSource } from '../../src/git/index.ts';

/** A source as the daemon makes it, for one that was never recorded elsewhere. */
export function recordedInGit(source: GitSource): Source {
  return recordInGit(source, { syncTag: 'flux-sync', clock: systemClock, log: silentLogger() });
}
