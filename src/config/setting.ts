import { parseFlagValue } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName, type FlagValues } from './flags.ts';

/** A value from one origin. */
export interface Setting {
  readonly name: FlagName;
  readonly value: unknown;
  /** The origin as shown in messages: a variable, or a file with its line. Empty for the command line. */
  readonly origin: string;
}

/** The settings of one origin, and its problems. */
export interface Reading {
  readonly settings: readonly Setting[];
  readonly problems: readonly string[];
}

/** The value of every flag, and the origin of those that were given. */
export interface Settings {
  readonly values: FlagValues;
  readonly origins: ReadonlyMap<FlagName, string>;
}

/** Merges the readings over the defaults. A later one replaces a value as a whole, lists included. */
export function mergeSettings(...readings: readonly (readonly Setting[])[]): Settings {
  const values: Record<string, unknown> = {};
  for (const name of FLAG_NAMES) values[name] = parseFlagValue(FLAGS[name].type, FLAGS[name].default);
  const origins = new Map<FlagName, string>();
  for (const { name, value, origin } of readings.flat()) {
    values[name] = value;
    origins.set(name, origin);
  }
  return { values: values as FlagValues, origins };
}

/** A flag as shown in messages: `--sops`, or `--sops (from FLUXD_SOPS)`. */
export function shownFlag(name: FlagName, origin: string | undefined): string {
  return `--${name}${origin ? ` (from ${origin})` : ''}`;
}
