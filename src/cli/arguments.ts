import type { Command, Option } from 'commander';

/**
 * Rewrites what Go's flag library accepts and commander does not: `--flag=true` and `--flag=false` for flags without value, and
 * `-n=value` for short ones with.
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
  if (isSwitch && TRUE.includes(value)) return [name];
  if (isSwitch && FALSE.includes(value)) return [];
  return matching.length > 0 && !isSwitch && !name.startsWith('--') ? [name, value] : [argument];
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];
