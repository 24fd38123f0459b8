/**
 * The daemon: fetches, compares, applies and records, and answers what the API asks of it.
 */
export type * from './daemon.ts';
export type * from './ports.ts';
