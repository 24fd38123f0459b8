import { parseFlagValue } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName, type FlagValues } from './flags.ts';

/** One value that somebody wrote down. */
export interface Setting {
  readonly name: FlagName;
  readonly value: unknown;
  /** Where, in the words of a message: a variable, or a file with its line. Empty for the command line, which needs no naming. */
  readonly origin: string;
}

/** What one place says, with everything that is wrong with it. */
export interface Reading {
  readonly settings: readonly Setting[];
  readonly problems: readonly string[];
}

/** A value for every flag, and where those come from that are no defaults. */
export interface Settings {
  readonly values: FlagValues;
  readonly origins: ReadonlyMap<FlagName, string>;
}

/** Lays the places over the defaults; a later place wins whole, also where the value is a list. */
export function mergeSettings(...places: readonly (readonly Setting[])[]): Settings {
  const values: Record<string, unknown> = {};
  for (const name of FLAG_NAMES) values[name] = parseFlagValue(FLAGS[name].type, FLAGS[name].default);
  const origins = new Map<FlagName, string>();
  for (const { name, value, origin } of places.flat()) {
    values[name] = value;
    origins.set(name, origin);
  }
  return { values: values as FlagValues, origins };
}

/** A flag as a message names it: `--sops`, or `--sops (from FLUXD_SOPS)`. */
export function shownFlag(name: FlagName, origin: string | undefined): string {
  return `--${name}${origin ? ` (from ${origin})` : ''}`;
}
