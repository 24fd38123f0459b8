/** What is known of a mirror beside its refs, and what the next operation has to do first because of it. */
export interface MirrorState {
  /** What a process that did not end well may have left in its directory. A killed git's locks would keep out all later ones. */
  readonly leftovers: 'of former process' | 'of killed git' | 'none';
  /** `suspect`: an answer was not what an intact mirror gives, so the mirror is examined before the next fetch. */
  readonly reads: 'sound' | 'suspect';
  /** `failing`: the last fetch failed, and the mirror was examined for it. A remote that is down for hours costs one look. */
  readonly fetches: 'working' | 'failing';
}

/** When a process starts. */
export const UNOPENED: MirrorState = { leftovers: 'of former process', reads: 'sound', fetches: 'working' };

export const gitKilled = (state: MirrorState): MirrorState =>
  state.leftovers === 'none' ? { ...state, leftovers: 'of killed git' } : state;

/** All leftovers were removed. */
export const swept = (state: MirrorState): MirrorState => ({ ...state, leftovers: 'none' });

export const readOddly = (state: MirrorState): MirrorState => ({ ...state, reads: 'suspect' });

/** The mirror is examined now, once: one too large to be examined in time must not be examined for ever. */
export const examining = (state: MirrorState): MirrorState => ({ ...state, reads: 'sound' });

export const fetchFailed = (state: MirrorState): MirrorState => ({ ...state, fetches: 'failing' });

export const fetched = (state: MirrorState): MirrorState => ({ ...state, fetches: 'working' });

/** A new mirror took the place of the old one. */
export const rebuilt = (state: MirrorState): MirrorState => ({ ...state, reads: 'sound', fetches: 'working' });
