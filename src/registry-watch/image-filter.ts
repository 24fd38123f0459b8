import { LRUCache } from 'lru-cache';
import { createChangedOnly, type Logger, matchGlob, messageOf } from '../base/index.ts';
import { type EcrLimits, ecrVerdict, type OwnRegion } from './ecr-scope.ts';
import { hostOf } from './repository-name.ts';

export interface ImageFilterOptions {
  readonly log: Logger;
  /** Globs of canonical names; empty includes every image. */
  readonly includeImages?: readonly string[];
  /** Globs of canonical names; overrides inclusion. */
  readonly excludeImages?: readonly string[];
  readonly ecrLimits?: EcrLimits;
  /** Asks for the region of AWS that fluxd runs in, once; absent where no cloud is asked. */
  readonly askRegion?: (() => Promise<string>) | undefined;
}

const NO_LIMITS: EcrLimits = { includeIds: [], excludeIds: [] };

/**
 * Says which images are scanned, by their canonical names, and logs once why one of ECR is not. Until the own region is known, images
 * that it decides on are not; then `onRegion` is called.
 */
export function createImageFilter(options: ImageFilterOptions, onRegion: () => void): (name: string) => boolean {
  const { log, includeImages = [], excludeImages = [], ecrLimits = NO_LIMITS, askRegion } = options;
  const reasons = createChangedOnly(new LRUCache<string, string>({ max: 1000 }));
  let own: OwnRegion = askRegion === undefined ? { known: undefined } : 'not asked yet';
  let isAsked = false;

  const ask = async (askRegion: () => Promise<string>) => {
    try {
      own = { known: await askRegion() };
      log.info({ region: own.known }, 'only images of this ECR region are scanned; --registry-ecr-region changes that');
    } catch (error) {
      own = { known: undefined };
      log.info({ err: messageOf(error) }, 'own AWS region unknown; images of all ECR regions are scanned');
    }
    onRegion();
  };

  return (name) => {
    if (excludeImages.some((glob) => matchGlob(glob, name))) return false;
    if (includeImages.length > 0 && !includeImages.some((glob) => matchGlob(glob, name))) return false;
    const verdict = ecrVerdict(hostOf(name), ecrLimits, own);
    if (verdict.state === 'excluded' && reasons.hasChanged(name, verdict.reason))
      log.info({ image: name, reason: verdict.reason }, 'image not scanned');
    if (verdict.state === 'ask for region' && askRegion && !isAsked) {
      isAsked = true;
      void ask(askRegion);
    }
    return verdict.state === 'scanned';
  };
}
