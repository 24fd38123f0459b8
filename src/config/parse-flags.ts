import { messageOf } from '../base/index.ts';
import { readCommandLine } from './command-line.ts';
import type { Config } from './config.ts';
import { type FileReading, readConfigFile } from './config-file.ts';
import { readEnvironment } from './environment.ts';
import { quote } from './flag.ts';
import { helpText } from './help.ts';
import { mergeSettings, type Setting, shownFlag } from './setting.ts';
import { type ConfigWarning, validateFlags } from './validate.ts';

/** Either a configuration to run with, or output to print before exiting. */
export type ParsedFlags =
  | { readonly config: Config; readonly warnings: readonly ConfigWarning[] }
  | { readonly exit: 0 | 1 | 2; readonly stdout: string; readonly stderr: string };

export interface ParseFlagsOptions {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads the config file as UTF-8 text; throws if that fails. */
  readonly readFile: (path: string) => string;
}

/**
 * Turns fluxd's arguments (without node and script), environment and config file into a configuration. Flags override variables, and
 * variables override the file. Prints nothing. Reports all problems at once.
 */
export function parseFlags(argv: readonly string[], { version, environment, readFile }: ParseFlagsOptions): ParsedFlags {
  const line = readCommandLine(argv);
  if (line.help) return { exit: 0, stdout: helpText(), stderr: '' };
  if (line.problems.length === 0 && line.settings.some(({ name, value }) => name === 'version' && value === true))
    return { exit: 0, stdout: `${version}\n`, stderr: '' };

  const variables = readEnvironment(environment);
  const file = readNamedFile([...variables.settings, ...line.settings], readFile);
  const settings = mergeSettings(file.settings, variables.settings, line.settings);
  const { config, problems, warnings } = validateFlags(settings, file.sources);
  const all = [
    ...[...line.problems, ...variables.problems, ...file.problems].map((message) => ({ message, exit: 2 as const })),
    ...problems,
  ];
  if (all.length === 0) return { config, warnings: [...strayWarnings(line.strays, variables.strays), ...warnings] };
  return {
    exit: all.some(({ exit }) => exit === 2) ? 2 : 1,
    stdout: '',
    stderr: `${all.map(({ message }) => `Error: ${message}\n`).join('')}\nRun 'fluxd --help' for usage.\n`,
  };
}

function readNamedFile(settings: readonly Setting[], readFile: (path: string) => string): FileReading {
  const named = settings.findLast(({ name }) => name === 'config-file');
  if (typeof named?.value !== 'string' || named.value === '') return { settings: [], sources: [], problems: [] };
  let text: string;
  try {
    text = readFile(named.value);
  } catch (error) {
    return {
      settings: [],
      sources: [],
      problems: [`${shownFlag('config-file', named.origin)} cannot be read: ${messageOf(error)}`],
    };
  }
  return readConfigFile(text, named.value);
}

function strayWarnings(words: readonly string[], variables: readonly string[]): readonly ConfigWarning[] {
  return [
    ...words.map((word) => ({ flag: '' as const, message: `ignored argument ${quote(word)}: flags are written --name=value` })),
    ...variables.map((name) => ({
      flag: '' as const,
      message: `ignored environment variable ${name}: no such flag`,
    })),
  ];
}
