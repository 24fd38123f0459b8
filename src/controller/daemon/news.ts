import { type Clock, type Logger, messageOf } from '../../base/index.ts';
import { canonicalName, parseImageRef } from '../../image/index.ts';
import { Spacing } from '../loop/spacing.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { NotifiedChange } from './daemon.ts';

export interface NewsOptions {
  readonly source: Pick<Source, 'branch'>;
  readonly images: Pick<ImageWatch, 'scanNow'>;
  readonly fetch: () => void;
  /** Whether a URL means our repository. */
  readonly sameRepository: (url: string) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** News lead to a fetch, or to a scan of one image, at once; but no more often than this, at whatever rate they come. */
const APART_MS = 500;

/**
 * What to do about news from elsewhere. They are hints and nothing else: what they say is never taken for true, only looked at.
 * @returns whether they concern us
 */
export function createNews({ source, images, fetch, sameRepository, clock, log }: NewsOptions) {
  const spacing = new Spacing(clock, APART_MS);

  function isOurs(change: Exclude<NotifiedChange, { kind: 'image' }>): boolean {
    if (change.kind === 'push') {
      const { urls, branch } = change;
      if ((urls === undefined || urls.some(sameRepository)) && (branch === undefined || branch === source.branch)) return true;
      log.debug({ urls, branch }, 'told about a push to another repository or branch');
      return false;
    }
    // As in Flux v1: a repository that is not known by this name may be ours by another.
    if (!sameRepository(change.url) || change.branch === source.branch) return true;
    log.info({ branch: change.branch }, 'notified about another branch');
    return false;
  }

  function scan({ domain, image }: Extract<NotifiedChange, { kind: 'image' }>): void {
    const name = canonicalName(parseImageRef(domain === '' ? image : `${domain}/${image}`));
    // Answered before the scan ends, as in Flux v1; what it finds asks the loop for an automation run.
    spacing.run(`image ${name}`, () => {
      images.scanNow(name).catch((error: unknown) => log.warn({ image: name, error: messageOf(error) }, 'scan failed'));
    });
  }

  return async (change: NotifiedChange): Promise<boolean> => {
    if (change.kind === 'image') scan(change);
    else if (isOurs(change)) spacing.run('git', fetch);
    else return false;
    return true;
  };
}
