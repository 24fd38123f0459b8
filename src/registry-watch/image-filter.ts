import { LRUCache } from 'lru-cache';
import { createChangedOnly, matchGlob } from '../base/index.ts';
import { type EcrLimits, ecrVerdict } from './ecr-scope.ts';
import { createOwnRegion, type OwnRegionOptions } from './own-region.ts';
import { hostOf } from './repository-name.ts';

export interface ImageFilterOptions extends OwnRegionOptions {
  /** Whether no registry may be asked. */
  readonly scanningDisabled?: boolean;
  /** Globs of canonical names; empty includes every image. */
  readonly includeImages?: readonly string[];
  /** Globs of canonical names; overrides inclusion. */
  readonly excludeImages?: readonly string[];
  readonly ecrLimits?: EcrLimits;
}

const NO_LIMITS: EcrLimits = { includeIds: [], excludeIds: [] };
const REGION_UNKNOWN = 'the region of fluxd is not known yet, and --registry-ecr-region is not set';

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
  /** The same, when the own region was asked for. As long as it is not known, images that it decides on are barred. */
  decided(name: string): Promise<Exclude<ImageScope, { readonly state: 'undecided' }>>;
}

/** Until the own region is known, images that it decides on are out of scope; then `onRegion` is called. The signal ends its search. */
export function createImageFilter(options: ImageFilterOptions, onRegion: () => void, signal: AbortSignal): ImageFilter {
  const { log, scanningDisabled = false, includeImages = [], excludeImages = [], ecrLimits = NO_LIMITS } = options;
  const reasons = createChangedOnly(new LRUCache<string, string>({ max: 1000 }));
  const own = createOwnRegion(options, onRegion, signal);

  const scopeOf = (name: string): ImageScope => {
    if (scanningDisabled) return { state: 'barred', by: '--registry-disable-scanning' };
    const excluding = excludeImages.find((glob) => matchGlob(glob, name));
    if (excluding !== undefined) return { state: 'barred', by: `--registry-exclude-image=${excluding}` };
    if (includeImages.length > 0 && !includeImages.some((glob) => matchGlob(glob, name)))
      return { state: 'barred', by: 'not in --registry-include-image' };
    const verdict = ecrVerdict(hostOf(name), ecrLimits, own.region);
    switch (verdict.state) {
      case 'scanned':
        return { state: 'included' };
      case 'ask for region':
        void own.find();
        return { state: 'undecided' };
      case 'excluded':
        if (reasons.hasChanged(name, verdict.reason)) log.info({ image: name, reason: verdict.reason }, 'image not scanned');
        return { state: 'barred', by: verdict.reason };
    }
  };

  return {
    scopeOf,
    async decided(name) {
      if (scopeOf(name).state === 'undecided') await own.find();
      const scope = scopeOf(name);
      return scope.state === 'undecided' ? { state: 'barred', by: REGION_UNKNOWN } : scope;
    },
  };
}
