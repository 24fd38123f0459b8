import { readCommandLine } from './command-line.ts';
import type { Config } from './config.ts';
import { FLAGS, type FlagName } from './flags.ts';
import { mergeSettings } from './setting.ts';
import { validateFlags } from './validate.ts';

/** What fluxd would make of a command line. */
export interface Trial {
  /** As far as it can be made out; with problems, of what is left. */
  readonly config: Config;
  /** Each would stop the start. None holds the value of a flag that is secret. */
  readonly problems: readonly string[];
  /** What was given and does nothing here, or nothing yet. */
  readonly idle: readonly FlagName[];
}

/** Reads a command line, such as that of a Flux v1, as fluxd does when it starts; looks at nothing else, and starts nothing. */
export function tryArguments(argv: readonly string[]): Trial {
  const line = readCommandLine(argv);
  const { config, problems } = validateFlags(mergeSettings(line.settings));
  const given = line.settings.map(({ name }) => name);
  return {
    config,
    problems: [...line.problems, ...problems.map(({ message }) => message)],
    idle: given.filter((name) => FLAGS[name].status === 'meaningless' || FLAGS[name].status === 'ignored'),
  };
}
