import { Command, Option } from 'commander';
import { messageOf, parseCsvLine } from '../base/index.ts';
import { didYouMean } from './did-you-mean.ts';
import { usageError } from './errors.ts';
import { layOutHelp } from './help.ts';
import type { Session } from './session.ts';

/** Runs one command with its positional arguments; resolves to its exit code. */
export type Run<Flags> = (session: Session, flags: Flags, args: readonly string[]) => Promise<number>;

/** How the commands reach the session of this invocation, which exists only once the global flags are read. */
export type Launch = (command: Command, run: (session: Session) => Promise<number>) => Promise<void>;

interface Subcommand<Flags> {
  readonly summary: string;
  /** Command lines as people type them, without the program's name. */
  readonly examples: readonly string[];
  readonly launch: Launch;
  readonly run: Run<Flags>;
  readonly options?: (command: Command) => void;
  /** The one positional argument that must be there; without it, and without `anyArguments`, the command takes none. */
  readonly argument?: { readonly name: string; readonly description: string };
  /** What the help calls the positional arguments of a command that looks at them itself. */
  readonly anyArguments?: string;
  /** What to say to somebody who gives arguments to a command that takes none. */
  readonly instead?: string;
  /** What the help says after the flags. */
  readonly more?: string;
}

/** A subcommand. */
export function subcommand<Flags>(name: string, parts: Subcommand<Flags>): Command {
  const { summary, examples, launch, run, options, argument, anyArguments, instead, more } = parts;
  const command = new Command(name).summary(summary).description(summary).allowExcessArguments(true);
  options?.(command);
  const wanted = argument ? `<${argument.name}>` : (anyArguments ?? '');
  command.usage(`[flags]${wanted === '' ? '' : ` ${wanted}`}`);
  // Checked by hand below, in the words of the other commands.
  if (argument) command.argument(`[${argument.name}]`, argument.description);
  command.helpOption('-h, --help', 'show this help');
  layOutHelp(command, { examples: examples.map(asTyped), ...(more === undefined ? {} : { more }) });
  return command.action(async () => {
    await launch(command, async (session) => {
      // What a command has in common with the one above it may be written for either.
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

/** Comments, blank lines and commands of the shell stay as they are. */
function asTyped(line: string): string {
  return /^(?:#|source |$)/.test(line) ? line : `fluxctl ${line}`;
}

/** Somebody who gives an argument to a command with commands below it has mistyped one of those. */
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

/** Old flags by their attributes, and what is said to whoever uses them. */
const DEPRECATED: Readonly<Record<string, string>> = {
  controller: '--controller has been deprecated, changed to --workload, use that instead',
  gitPaths: '--git-paths has been deprecated, please use --git-path (no ending s) instead',
};

/** What a command ends with after an error, where 1 means something else: `fluxctl diff` uses the codes of `kubectl diff`. */
export const ERROR_EXIT_CODES: Readonly<Record<string, number>> = { diff: 2 };

/**
 * For options that may be given several times, each with values as in a line of CSV: none when it is empty (`--exclude="$NOTHING"`),
 * and in quotes where a value has a comma itself.
 */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  try {
    return [...previous, ...parseCsvLine(value)];
  } catch (error) {
    throw usageError(`invalid argument ${JSON.stringify(value)}: ${messageOf(error)}`);
  }
}

/** For options that count how often they are given. */
export function count(_value: string, previous = 0): number {
  return previous + 1;
}
