import type { FluxError } from '../../base/index.ts';

/** What an election reports. */
export interface ElectionHandlers {
  /** This daemon may write until the term aborts. `afterAnother`: another daemon may have written just before. */
  onLead(term: AbortSignal, news: { readonly afterAnother: boolean }): void;
  /** Another daemon may write. */
  onFollow(leader: string): void;
  /** This daemon may not write, and which one may is unknown. */
  onTrouble(error: FluxError): void;
}

/** Takes part in the election of the daemon that writes, until the signal aborts; resolves when it has given up what it held. */
export type TakePart = (handlers: ElectionHandlers, signal: AbortSignal) => Promise<void>;
