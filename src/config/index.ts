/**
 * The operator's configuration. One table describes every flag of Flux v1's fluxd and our own: its type, its default, and whether it
 * works, is not supported yet, or has become meaningless. *Settings* come from the command line, parsed as Go's pflag does, from
 * environment variables and from a config file, and become one frozen `Config`. Help and documentation are generated from the table.
 */
export type { Config, ProposalsConfig, SourceConfig } from './config.ts';
export { variableOf } from './environment.ts';
export type { Flag, FlagStatus, FlagType } from './flag.ts';
export { FLAG_GROUPS, FLAG_NAMES, FLAGS, type FlagName } from './flags.ts';
export { faultOfVariable } from './generation.ts';
export type { ListenAddress } from './listen-address.ts';
export type { OidcConfig } from './oidc.ts';
export { type ParsedFlags, type ParseFlagsOptions, parseFlags } from './parse-flags.ts';
export type { SubstitutionConfig, SubstitutionSource } from './substitution.ts';
export { type Trial, tryArguments } from './try-arguments.ts';
export type { ConfigWarning } from './validate.ts';
