import { type Command, CommanderError } from 'commander';
import { type Clock, type FluxError, systemClock, uncheckedTls } from '../base/index.ts';
import { normalizeArguments } from './arguments.ts';
import { ERROR_EXIT_CODES, type Launch } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import { describeError, usageError } from './errors.ts';
import { pathOf } from './help.ts';
import { type Keyboard, openKeyboard } from './keyboard.ts';
import { type Output, widthOf } from './output.ts';
import { createProgram } from './program.ts';
import { createSession, type Environment, type GlobalFlags } from './session.ts';
import { painter } from './style.ts';

export interface MainOptions {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly version: string;
  readonly clock?: Clock;
  /** Defaults to that of the terminal. */
  readonly keyboard?: () => Keyboard;
}

/** Runs one command line and resolves to the exit code: 0, or 1 after an error (some commands use another). Never throws or exits. */
export async function main({
  argv,
  env,
  stdout,
  stderr,
  version,
  clock = systemClock,
  keyboard = openKeyboard,
}: MainOptions): Promise<number> {
  let exitCode = 0;
  let running: Command | undefined;
  const { words, asksForHelp } = readHelp(argv);
  const launch: Launch = async (command, run) => {
    running = command;
    if (asksForHelp) return command.outputHelp();
    const insecure = uncheckedTls(env);
    if (insecure !== undefined) throw usageError(insecure);
    const flags = program.opts() as GlobalFlags;
    const session = createSession({ flags, env, stdout, stderr, clock, version: version || 'unversioned', keyboard });
    try {
      exitCode = await run(session);
    } finally {
      await session.close();
    }
  };
  const program = createProgram(launch).version(version, '--version', 'print the version');
  for (const command of withSubcommands(program)) {
    command.configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => Math.min(widthOf(stdout) ?? HELP_WIDTH, MAX_HELP_WIDTH),
    });
    command.exitOverride((error) => {
      running = command;
      throw error;
    });
  }
  program.action(() => {
    const [unknown] = program.args;
    if (unknown !== undefined) throw unknownCommand(unknown, program);
    program.outputHelp();
  });
  try {
    await program.parseAsync(normalizeArguments(words, program), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const paint = painter({ env, colour: !argv.includes('--no-color') }, stderr);
    if (error instanceof CommanderError && error.code === 'commander.help') {
      stderr.write(describeError(unknownCommand(argv[argv.indexOf('help') + 1] ?? '', program), 'fluxctl', paint));
      return 1;
    }
    const at = isAboutGlobalFlag(error, running) ? (commandIn(argv, program) ?? running) : running;
    stderr.write(
      describeError(
        error instanceof CommanderError ? inGoWords(error, at ?? program, words) : error,
        pathOf(at ?? program),
        paint,
      ),
    );
    return ERROR_EXIT_CODES[at?.name() ?? ''] ?? 1;
  }
}

/** As in Flux v1, help requires a valid command line; commander would show it for any. */
function readHelp(argv: readonly string[]): { readonly words: readonly string[]; readonly asksForHelp: boolean } {
  const end = argv.indexOf('--');
  const isHelp = (word: string, index: number) => (end < 0 || index < end) && ['--help', '-h'].includes(word);
  return { words: argv.filter((word, index) => !isHelp(word, index)), asksForHelp: argv.some(isHelp) };
}

/** Width when the terminal's is unknown, and the maximum for readable lines. */
const HELP_WIDTH = 80;
const MAX_HELP_WIDTH = 120;

/** commander attributes global flags to the root, wherever they stand. */
function isAboutGlobalFlag(error: unknown, running: Command | undefined): boolean {
  return running === undefined || (error instanceof CommanderError && error.code === 'commander.optionMissingArgument');
}

function commandIn(argv: readonly string[], program: Command): Command | undefined {
  return program.commands.find((command) => [command.name(), ...command.aliases()].some((name) => argv.includes(name)));
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function unknownCommand(word: string, program: Command): FluxError {
  const names = program
    .createHelp()
    .visibleCommands(program)
    .flatMap((command) => [command.name(), ...command.aliases()]);
  return usageError(`unknown command ${JSON.stringify(word)} for "fluxctl"${didYouMean(word, names)}`);
}

function unknownFlag(word: string, command: Command): FluxError {
  const flag = word.split('=')[0] ?? word;
  const options = [...command.options, ...(command.parent?.options ?? [])].filter(({ hidden }) => !hidden);
  return usageError(`unknown flag: ${flag}${didYouMean(flag, [...options.map(({ long }) => long ?? ''), '--help'])}`);
}

/** The first word that is neither a flag nor a flag's value. */
function firstWord(argv: readonly string[], { options }: Command): string | undefined {
  return argv.find((word, index) => {
    const before = argv[index - 1] ?? '';
    const isValue = options.some(({ long, short, required }) => required && (before === long || before === short));
    return !word.startsWith('-') && !isValue;
  });
}

/** A flag without its value is the last word; short flags may be combined in it. */
function withoutValue(word: string): string {
  return word.startsWith('--') ? word : `'${word.at(-1)}' in ${word}`;
}

/** Command-line errors, worded as in Flux v1. */
function inGoWords(error: CommanderError, command: Command, argv: readonly string[]): Error {
  const named = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption': {
      // Flux v1 checks the command first.
      const word = command.parent ? undefined : firstWord(argv, command);
      if (word !== undefined) return unknownCommand(word, command);
      return named.startsWith('--')
        ? unknownFlag(named, command)
        : usageError(`unknown shorthand flag: '${named[1] ?? ''}' in ${named}`);
    }
    case 'commander.optionMissingArgument':
      return usageError(`flag needs an argument: ${withoutValue(argv.at(-1) ?? named)}`);
    case 'commander.unknownCommand':
      return unknownCommand(named, command);
    default:
      return usageError(error.message.replace(/^error: /, ''));
  }
}
