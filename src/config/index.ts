/**
 * What the operator decides. One table describes every flag of Flux v1's fluxd and ours: its type, its default, and whether it is
 * built, not built yet, or without meaning now. *Settings* come from a command line, read by the rules of Go's pflag, from
 * environment variables and from a config file, and become one frozen `Config`; help and documentation are printed from the same table.
 */
export type { Config, ListenAddress } from './config.ts';
export { variableOf } from './environment.ts';
export type { Flag, FlagStatus, FlagType } from './flag.ts';
export { FLAG_GROUPS, FLAG_NAMES, FLAGS, type FlagName } from './flags.ts';
export { type ParsedFlags, type ParseFlagsOptions, parseFlags } from './parse-flags.ts';
export { type Trial, tryArguments } from './try-arguments.ts';
export type { ConfigWarning } from './validate.ts';
