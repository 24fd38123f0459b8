/**
 * What a person looks at in the cluster with their own rights. fluxd reads it for callers over TLS, and `fluxctl ui` for its user, so it
 * has a door of its own, and fluxctl does not load the sync engine.
 */
export { openLiveReads } from './open-live-reads.ts';
