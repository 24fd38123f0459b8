import { readCommandLine } from './command-line.ts';
import type { Config } from './config.ts';
import { helpText } from './help.ts';
import { type ConfigWarning, validateFlags } from './validate.ts';

/** Either a configuration to run with, or what to print before exiting at once. */
export type ParsedFlags =
  | { readonly config: Config; readonly warnings: readonly ConfigWarning[] }
  | { readonly exit: 0 | 1 | 2; readonly stdout: string; readonly stderr: string };

/**
 * Turns fluxd's arguments (without node and script) into a configuration. Pure: reads nothing, prints nothing.
 * Everything that is wrong is reported at once.
 */
export function parseFlags(argv: readonly string[], { version }: { readonly version: string }): ParsedFlags {
  const line = readCommandLine(argv);
  if (line.help) return { exit: 0, stdout: helpText(), stderr: '' };
  const { config, problems, warnings } = validateFlags(line);
  const all = [...line.problems.map((message) => ({ message, exit: 2 as const })), ...problems];
  if (line.problems.length === 0 && line.values.version) return { exit: 0, stdout: `${version}\n`, stderr: '' };
  if (all.length === 0) return { config, warnings };
  return {
    exit: all.some(({ exit }) => exit === 2) ? 2 : 1,
    stdout: '',
    stderr: `${all.map(({ message }) => `Error: ${message}\n`).join('')}\nRun 'fluxd --help' for usage.\n`,
  };
}
