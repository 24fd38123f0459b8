import type { FluxError } from './errors.ts';

/** What the election of the one daemon that writes reports. */
export interface ElectionHandlers {
  /** This daemon may write until the term aborts. `afterAnother`: another daemon may have written just before. */
  onLead(term: AbortSignal, news: { readonly afterAnother: boolean }): void;
  /** Another daemon may write. */
  onFollow(leader: string): void;
  /** This daemon may not write, and which one may is unknown. */
  onTrouble(error: FluxError): void;
}
