import { LRUCache } from 'lru-cache';
import { createChangedOnly, type Logger, matchGlob, messageOf } from '../base/index.ts';
import { type EcrLimits, ecrVerdict, type OwnRegion } from './ecr-scope.ts';
import { hostOf } from './repository-name.ts';

export interface ImageFilterOptions {
  readonly log: Logger;
  /** Whether no registry may be asked. */
  readonly scanningDisabled?: boolean;
  /** Globs of canonical names; empty includes every image. */
  readonly includeImages?: readonly string[];
  /** Globs of canonical names; overrides inclusion. */
  readonly excludeImages?: readonly string[];
  readonly ecrLimits?: EcrLimits;
  /** Asks for the region of AWS that fluxd runs in, once; absent where no cloud is asked. */
  readonly askRegion?: (() => Promise<string>) | undefined;
}

const NO_LIMITS: EcrLimits = { includeIds: [], excludeIds: [] };

/** Whether the registry of an image may be asked about it. */
export type ImageScope =
  | { readonly state: 'included' }
  /** `by` names the flag. */
  | { readonly state: 'barred'; readonly by: string }
  /** The region that fluxd runs in decides on it, and is not known yet. */
  | { readonly state: 'undecided' };

/** Says which images are in scope, by their canonical names. */
export interface ImageFilter {
  /** Logs once why an image of ECR is out of scope. */
  scopeOf(name: string): ImageScope;
  /** The same, when the own region is known. */
  decided(name: string): Promise<Exclude<ImageScope, { readonly state: 'undecided' }>>;
}

/** Until the own region is known, images that it decides on are out of scope; then `onRegion` is called. */
export function createImageFilter(options: ImageFilterOptions, onRegion: () => void): ImageFilter {
  const { log, scanningDisabled = false, includeImages = [], excludeImages = [], ecrLimits = NO_LIMITS, askRegion } = options;
  const reasons = createChangedOnly(new LRUCache<string, string>({ max: 1000 }));
  let own: OwnRegion = askRegion === undefined ? { known: undefined } : 'not asked yet';
  let asked: Promise<void> | undefined;

  const ask = async () => {
    try {
      const region = await askRegion?.();
      own = { known: region };
      log.info({ region }, 'only images of this ECR region are scanned; --registry-ecr-region changes that');
    } catch (error) {
      own = { known: undefined };
      log.info({ err: messageOf(error) }, 'own AWS region unknown; images of all ECR regions are scanned');
    }
    onRegion();
  };

  const scopeOf = (name: string): ImageScope => {
    if (scanningDisabled) return { state: 'barred', by: '--registry-disable-scanning' };
    const excluding = excludeImages.find((glob) => matchGlob(glob, name));
    if (excluding !== undefined) return { state: 'barred', by: `--registry-exclude-image=${excluding}` };
    if (includeImages.length > 0 && !includeImages.some((glob) => matchGlob(glob, name)))
      return { state: 'barred', by: 'not in --registry-include-image' };
    const verdict = ecrVerdict(hostOf(name), ecrLimits, own);
    switch (verdict.state) {
      case 'scanned':
        return { state: 'included' };
      case 'ask for region':
        asked ??= ask();
        return { state: 'undecided' };
      case 'excluded':
        if (reasons.hasChanged(name, verdict.reason)) log.info({ image: name, reason: verdict.reason }, 'image not scanned');
        return { state: 'barred', by: verdict.reason };
    }
  };

  return {
    scopeOf,
    async decided(name) {
      const scope = scopeOf(name);
      if (scope.state !== 'undecided') return scope;
      await asked;
      return this.decided(name);
    },
  };
}
