import { Command, Option } from 'commander';
import { usageError } from './errors.ts';
import type { Session } from './session.ts';

/** Runs one command; resolves to its exit code. `argument` is empty for commands that take none. */
export type Run<Flags> = (session: Session, flags: Flags, argument: string) => Promise<number>;

/** How the commands reach the session of this invocation, which exists only once the global flags are read. */
export type Launch = (command: Command, run: (session: Session) => Promise<number>) => Promise<void>;

interface Subcommand<Flags> {
  readonly summary: string;
  readonly launch: Launch;
  readonly run: Run<Flags>;
  readonly options?: (command: Command) => void;
  /** The one positional argument; without it the command takes none. */
  readonly argument?: { readonly name: string; readonly description: string };
}

/** A subcommand of at most one positional argument. */
export function subcommand<Flags>(name: string, { summary, launch, run, options, argument }: Subcommand<Flags>): Command {
  const command = new Command(name).summary(summary).description(summary).allowExcessArguments(true);
  options?.(command);
  // Checked by hand below, in the words of the other commands.
  if (argument) command.argument(`[${argument.name}]`, argument.description).usage(`[flags] <${argument.name}>`);
  return command.action(async () => {
    await launch(command, async (session) => {
      const wanted = argument ? 1 : 0;
      if (command.args.length !== wanted) {
        throw usageError(argument ? `expected one argument: the ${argument.name}` : 'expected no (non-flag) arguments');
      }
      const flags = command.opts();
      for (const [name, instead] of Object.entries(DEPRECATED)) {
        if (flags[name] !== undefined) session.stderr.write(`Flag --${name} has been deprecated, ${instead}\n`);
      }
      return run(session, flags as Flags, command.args[0] ?? '');
    });
  });
}

/** The old name of --workload; using it prints a notice (see `DEPRECATED`). */
export function deprecatedController(): Option {
  return new Option('-c, --controller <workload>', 'old name of --workload').hideHelp();
}

/** Old flags by their long names, and what to use instead. */
export const DEPRECATED: Readonly<Record<string, string>> = { controller: 'changed to --workload, use that instead' };

/** What a command ends with after an error, where 1 means something else: `fluxctl diff` uses the codes of `kubectl diff`. */
export const ERROR_EXIT_CODES: Readonly<Record<string, number>> = { diff: 2 };

/** For options that may be given several times, each with several values after commas. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(',')];
}

/** For options that count how often they are given. */
export function count(_value: string, previous = 0): number {
  return previous + 1;
}
