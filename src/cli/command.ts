import { Command, Option } from 'commander';
import { usageError } from './errors.ts';
import type { Session } from './session.ts';

/** Runs one command; resolves to its exit code. */
export type Run<Flags> = (session: Session, flags: Flags) => Promise<number>;

/** How the commands reach the session of this invocation, which exists only once the global flags are read. */
export type Launch = (command: Command, run: (session: Session) => Promise<number>) => Promise<void>;

/** A subcommand without positional arguments. */
export function subcommand<Flags>(
  name: string,
  { summary, launch, run, options }: { summary: string; launch: Launch; run: Run<Flags>; options?: (command: Command) => void },
): Command {
  const command = new Command(name).summary(summary).description(summary).allowExcessArguments(true);
  options?.(command);
  return command.action(async () => {
    await launch(command, async (session) => {
      if (command.args.length > 0) throw usageError('expected no (non-flag) arguments');
      const flags = command.opts();
      for (const [name, instead] of Object.entries(DEPRECATED)) {
        if (flags[name] !== undefined) session.stderr.write(`Flag --${name} has been deprecated, ${instead}\n`);
      }
      return run(session, flags as Flags);
    });
  });
}

/** The old name of --workload; using it prints a notice (see `DEPRECATED`). */
export function deprecatedController(): Option {
  return new Option('-c, --controller <workload>', 'old name of --workload').hideHelp();
}

/** Old flags by their long names, and what to use instead. */
export const DEPRECATED: Readonly<Record<string, string>> = { controller: 'changed to --workload, use that instead' };

/** For options that may be given several times, each with several values after commas. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(',')];
}

/** For options that count how often they are given. */
export function count(_value: string, previous = 0): number {
  return previous + 1;
}
