import type { Command, Option } from 'commander';
import { count } from './command.ts';
import { usageError } from './errors.ts';

/**
 * Rewrites what Go's flag library accepts and commander does not: `--flag=true` and `--flag=false` for boolean flags, a number for
 * counted flags, and `-n=value` for short flags with a value.
 * @throws FluxError `cli/usage` for an invalid value, worded as Go's library does.
 */
export function normalizeArguments(argv: readonly string[], program: Command): string[] {
  const options = [program, ...program.commands].flatMap((command) => [...command.options]);
  const end = argv.indexOf('--');
  const before = end < 0 ? argv : argv.slice(0, end);
  return [...before.flatMap((argument) => normalized(argument, options)), ...(end < 0 ? [] : argv.slice(end))];
}

function normalized(argument: string, options: readonly Option[]): readonly string[] {
  const [, name = '', value = ''] = /^(--?[a-zA-Z][\w-]*)=(.*)$/s.exec(argument) ?? [];
  if (name === '') return [argument];
  const matching = options.filter(({ long, short }) => name === long || name === short);
  const isSwitch = matching.length > 0 && matching.every((option) => !option.required && !option.optional);
  if (!isSwitch) return matching.length > 0 && !name.startsWith('--') ? [name, value] : [argument];
  if (matching.every(({ parseArg }) => parseArg === count) && /^\d{1,2}$/.test(value)) return Array(Number(value)).fill(name);
  if (TRUE.includes(value)) return [name];
  if (FALSE.includes(value)) return [];
  const shown = matching[0]?.short ? `${matching[0].short}, ${matching[0].long}` : name;
  throw usageError(
    `invalid argument ${JSON.stringify(value)} for "${shown}" flag: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];
