/**
 * What the operator decides. One table describes every flag of Flux v1's fluxd: its type, its default, and whether it is
 * built, not built yet, or without meaning now. A command line is read by the rules of Go's pflag and becomes one frozen
 * `Config`; help and documentation are printed from the same table.
 */
export type { Config, ListenAddress } from './config.ts';
export type { Flag, FlagStatus, FlagType } from './flag.ts';
export { FLAG_GROUPS, FLAG_NAMES, FLAGS, type FlagName } from './flags.ts';
export { type ParsedFlags, parseFlags } from './parse-flags.ts';
export type { ConfigWarning } from './validate.ts';
