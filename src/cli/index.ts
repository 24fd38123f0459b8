/**
 * fluxctl: what people type. One file a command; each gets a *session* (where to write, how to reach the daemon, how long to wait)
 * and resolves to an exit code. Results go to standard output, progress and errors to standard error, in Flux v1's words, so that
 * scripts written for it go on working. Text from afar is made harmless before a terminal sees it.
 */
export type { Keyboard } from './keyboard.ts';
export { type MainOptions, main } from './main.ts';
export type { Output } from './output.ts';
export type { Environment } from './session.ts';
