import { readCommandLine } from './command-line.ts';
import type { Config } from './config.ts';
import { mergeSettings } from './setting.ts';
import { type IdleFlag, validateFlags } from './validate.ts';

/** How fluxd would interpret a command line. */
export interface Trial {
  /** The resulting configuration; with problems, that of the valid arguments. */
  readonly config: Config;
  /** Each would prevent the start. None contains the value of a secret flag. */
  readonly problems: readonly string[];
  readonly idle: readonly IdleFlag[];
}

/** Interprets a command line, such as that of a Flux v1, as fluxd does at start, without the environment. Starts nothing. */
export function tryArguments(argv: readonly string[]): Trial {
  const line = readCommandLine(argv);
  const { config, problems, idle } = validateFlags(mergeSettings(line.settings), []);
  return {
    config,
    problems: [...line.problems, ...problems.map(({ message }) => message)],
    idle,
  };
}
