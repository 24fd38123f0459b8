import { messageOf, suggest, uncheckedTls } from '../base/index.ts';
import { parseFlagValue, quote } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName } from './flags.ts';
import { type Reading, type Setting, shownFlag } from './setting.ts';

/**
 * Not `FLUX_`: Kubernetes sets variables in a pod for each Service of its namespace, so a Service named `flux`, which the chart of
 * Flux v1 creates, would set FLUX_SERVICE_HOST, FLUX_PORT and more.
 */
const PREFIX = 'FLUXD_';

/**
 * The names that Kubernetes generates for a Service. With this prefix they appear for Services named `fluxd-…`; the one for
 * `fluxd-memcached` would set --memcached-port. So a name of this form belongs to no flag.
 */
const OF_A_SERVICE = /_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** An action rather than a setting; images often state their version in a variable of this name. */
const WITHOUT_VARIABLE: readonly FlagName[] = ['version'];

/** The environment variable of a flag, such as FLUXD_GIT_URL for --git-url; undefined if it has none. */
export function variableOf(name: FlagName): string | undefined {
  const variable = PREFIX + name.toUpperCase().replaceAll('-', '_');
  return WITHOUT_VARIABLE.includes(name) || OF_A_SERVICE.test(variable) ? undefined : variable;
}

const BY_VARIABLE = new Map(FLAG_NAMES.flatMap((name) => [[variableOf(name), name] as const]));

export interface EnvironmentReading extends Reading {
  /** Variables with our prefix that resemble no flag; the operator may use them for other purposes. */
  readonly strays: readonly string[];
}

/** Reads the flags' variables. An empty one counts as unset, since templates render missing values as empty. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): EnvironmentReading {
  const settings: Setting[] = [];
  const insecure = uncheckedTls(environment);
  const problems: string[] = insecure === undefined ? [] : [insecure];
  const strays: string[] = [];
  for (const [variable, text] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith(PREFIX) || OF_A_SERVICE.test(variable) || variable === `${PREFIX}VERSION`) continue;
    if (text === undefined || text === '') continue;
    const name = BY_VARIABLE.get(variable);
    if (name === undefined) {
      const meant = nearest(variable);
      if (meant === undefined) strays.push(variable);
      else problems.push(`unknown environment variable: ${variable} (did you mean ${meant}?)`);
      continue;
    }
    try {
      settings.push({ name, value: parseFlagValue(FLAGS[name].type, text), origin: variable });
    } catch (error) {
      problems.push(`invalid value ${quote(text)} for ${shownFlag(name, variable)}: ${messageOf(error)}`);
    }
  }
  return { settings, problems, strays };
}

function nearest(variable: string): string | undefined {
  const known = FLAG_NAMES.flatMap((name) => variableOf(name)?.slice(PREFIX.length) ?? []);
  const meant = suggest(variable.slice(PREFIX.length), known);
  return meant === undefined ? undefined : PREFIX + meant;
}
