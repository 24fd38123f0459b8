import { Command, Option } from 'commander';
import { messageOf, parseCsvLine } from '../base/index.ts';
import { didYouMean } from './did-you-mean.ts';
import { usageError } from './errors.ts';
import { layOutHelp } from './help.ts';
import type { Session } from './session.ts';

/** Runs one command with its positional arguments; resolves to its exit code. */
export type Run<Flags> = (session: Session, flags: Flags, args: readonly string[]) => Promise<number>;

/** How commands obtain the session, which exists only after the global flags are parsed. */
export type Launch = (command: Command, run: (session: Session) => Promise<number>) => Promise<void>;

interface Subcommand<Flags> {
  readonly summary: string;
  /** Example command lines, without the program's name. */
  readonly examples: readonly string[];
  readonly launch: Launch;
  readonly run: Run<Flags>;
  readonly options?: (command: Command) => void;
  /** The one required positional argument; without it, and without `anyArguments`, the command accepts none. */
  readonly argument?: { readonly name: string; readonly description: string };
  /** The name, in the help, of positional arguments that the command validates itself. */
  readonly anyArguments?: string;
  /** The hint when a command that accepts no arguments is given one. */
  readonly instead?: string;
  /** Text of the help after the flags. */
  readonly more?: string;
}

/** A subcommand. */
export function subcommand<Flags>(name: string, parts: Subcommand<Flags>): Command {
  const { summary, examples, launch, run, options, argument, anyArguments, instead, more } = parts;
  const command = new Command(name).summary(summary).description(summary).allowExcessArguments(true);
  options?.(command);
  const wanted = argument ? `<${argument.name}>` : (anyArguments ?? '');
  command.usage(`[flags]${wanted === '' ? '' : ` ${wanted}`}`);
  // Checked below, so that the message matches the other commands.
  if (argument) command.argument(`[${argument.name}]`, argument.description);
  command.helpOption('-h, --help', 'show this help');
  layOutHelp(command, { examples: examples.map(asTyped), ...(more === undefined ? {} : { more }) });
  return command.action(async () => {
    await launch(command, async (session) => {
      // A flag shared with the parent command may stand after either.
      const flags = command.optsWithGlobals();
      for (const [attribute, notice] of Object.entries(DEPRECATED)) {
        if (flags[attribute] !== undefined) session.stderr.write(`Flag ${notice}\n`);
      }
      if (anyArguments === undefined && command.args.length !== (argument ? 1 : 0)) {
        throw usageError(argument ? `expected one argument: the ${argument.name}` : noArguments(command), instead);
      }
      return run(session, flags as Flags, command.args);
    });
  });
}

/** Comments, blank lines and shell commands stay unchanged. */
function asTyped(line: string): string {
  return /^(?:#|source |$)/.test(line) ? line : `fluxctl ${line}`;
}

/** An argument to a command with subcommands is probably a mistyped subcommand. */
function noArguments({ args, commands }: Command): string {
  return `expected no (non-flag) arguments${didYouMean(
    args[0] ?? '',
    commands.map((each) => each.name()),
  )}`;
}

/** The old name of --workload; using it prints a notice (see `DEPRECATED`). */
export function deprecatedController(): Option {
  return new Option('-c, --controller <workload>', 'old name of --workload').hideHelp();
}

/** Deprecation notices of old flags, by attribute. */
const DEPRECATED: Readonly<Record<string, string>> = {
  controller: '--controller has been deprecated, changed to --workload, use that instead',
  gitPaths: '--git-paths has been deprecated, please use --git-path (no ending s) instead',
};

/** Exit code after an error, for commands where 1 means something else: `fluxctl diff` uses the codes of `kubectl diff`. */
export const ERROR_EXIT_CODES: Readonly<Record<string, number>> = { diff: 2 };

/**
 * Parser for repeatable options whose values are CSV: an empty value adds none (`--exclude="$NOTHING"`), and a value that contains a
 * comma is quoted.
 */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  try {
    return [...previous, ...parseCsvLine(value)];
  } catch (error) {
    throw usageError(`invalid argument ${JSON.stringify(value)}: ${messageOf(error)}`);
  }
}

/** Parser for options that count their occurrences. */
export function count(_value: string, previous = 0): number {
  return previous + 1;
}
