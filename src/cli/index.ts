/**
 * fluxctl, the command-line client. Each command has its own file, receives a *session* (outputs, connection to the daemon, timeouts)
 * and resolves to an exit code. Results go to standard output, progress and errors to standard error, worded as in Flux v1, so that
 * scripts written for it keep working. Remote text is sanitised before it reaches a terminal.
 */
export type { Keyboard } from './keyboard.ts';
export { type MainOptions, main } from './main.ts';
export type { Output } from './output.ts';
export type { Environment } from './session.ts';
