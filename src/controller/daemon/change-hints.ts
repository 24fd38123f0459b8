import { type Clock, type Logger, messageOf } from '../../base/index.ts';
import { canonicalName, parseImageRef } from '../../image/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { NotifiedChange } from './daemon.ts';
import { Throttle } from './throttle.ts';

export interface ChangeHintsOptions {
  readonly source: Pick<Source, 'branch' | 'follows'>;
  readonly images: Pick<ImageWatch, 'scanNow'>;
  readonly fetch: () => void;
  /** Whether a URL refers to our repository. */
  readonly sameRepository: (url: string) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Minimum interval of fetches, and of scans of one image, that notifications trigger. */
const APART_MS = 500;

/**
 * Handles notifications. They are only hints: they trigger a check, and their content is never trusted.
 * @returns whether the notification concerns us
 */
export function createChangeHints({ source, images, fetch, sameRepository, clock, log }: ChangeHintsOptions) {
  const throttle = new Throttle(clock, APART_MS);

  /** A tag may be what came with a push to any branch. */
  const follows = (branch: string) => source.follows() !== source.branch || branch === source.branch;

  function isOurs(change: Exclude<NotifiedChange, { kind: 'image' }>): boolean {
    if (change.kind === 'push') {
      const { urls, branch } = change;
      if ((urls === undefined || urls.some(sameRepository)) && (branch === undefined || follows(branch))) return true;
      log.debug({ urls, branch }, 'ignored a push to another repository or branch');
      return false;
    }
    // As in Flux v1: a repository with an unknown URL may be ours under another name.
    if (!sameRepository(change.url) || follows(change.branch)) return true;
    log.info({ branch: change.branch }, 'notified about another branch');
    return false;
  }

  function scan({ domain, image }: Extract<NotifiedChange, { kind: 'image' }>): void {
    const name = canonicalName(parseImageRef(domain === '' ? image : `${domain}/${image}`));
    // Responds before the scan ends, as in Flux v1; new images then request an automation run.
    throttle.run(`image ${name}`, () => {
      images.scanNow(name).catch((error: unknown) => log.warn({ image: name, error: messageOf(error) }, 'scan failed'));
    });
  }

  return async (change: NotifiedChange): Promise<boolean> => {
    if (change.kind === 'image') scan(change);
    else if (isOurs(change)) throttle.run('git', fetch);
    else return false;
    return true;
  };
}
