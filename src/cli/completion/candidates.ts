import type { Command, Option } from 'commander';

/** A completion at the cursor. */
export interface Candidate {
  readonly value: string;
  readonly meaning?: string;
}

/** Names from the daemon or the kubeconfig. */
export type NameKind = 'workloads' | 'namespaces' | 'containers' | 'contexts';

/** The completion at the cursor: candidates from the command tree, names to look up, or directories. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly names?: NameKind;
  readonly directories?: boolean;
  /** Prepended to each name: `--workload=`, or the preceding names of a list. */
  readonly prefix: string;
  /** The global flags among the words, by attribute, for looking up names. */
  readonly globals: Readonly<Record<string, string>>;
}

/** The kind of value of a flag, by the flag's attribute. */
const VALUES: Readonly<Record<string, NameKind | 'directories'>> = {
  workload: 'workloads',
  controller: 'workloads',
  exclude: 'workloads',
  namespace: 'namespaces',
  k8sFwdNs: 'namespaces',
  container: 'containers',
  tag: 'containers',
  context: 'contexts',
  path: 'directories',
  out: 'directories',
  outputDir: 'directories',
};

/** Comma-separated lists: only the part after the last comma is completed. */
const LISTS = new Set(['workload', 'exclude']);

/** Arguments with a fixed set of values, by the command's name. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = { completion: ['bash', 'zsh', 'fish', 'powershell'] };

/** The completion of the last word, which may be partial. Sends no requests. */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? '';
  let command = program;
  const globals: Record<string, string> = {};
  let pending: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (pending) {
      if (program.options.includes(pending)) globals[pending.attributeName()] = word;
      pending = undefined;
    } else if (word.startsWith('-')) {
      const [name = '', value] = splitFlag(word);
      const option = optionOf(program, command, name);
      if (!option?.required) continue;
      if (value === undefined) pending = option;
      else if (program.options.includes(option)) globals[option.attributeName()] = value;
    } else {
      command = command.commands.find((each) => [each.name(), ...each.aliases()].includes(word)) ?? command;
    }
  }
  const at = (found: Omit<Completion, 'globals'>): Completion => ({ ...found, globals });
  if (pending) return at(valuesOf(pending, current, ''));
  const [name = '', value] = splitFlag(current);
  if (value !== undefined) {
    const option = optionOf(program, command, name);
    return at(option?.required ? valuesOf(option, value, `${name}=`) : { candidates: [], prefix: '' });
  }
  if (current.startsWith('-')) return at({ candidates: flags(program, command, current), prefix: '' });
  const fixed = (ARGUMENTS[command.name()] ?? []).map((each) => ({ value: each }));
  return at({ candidates: beginning([...subcommands(command), ...fixed], current), prefix: '' });
}

export function beginning(candidates: readonly Candidate[], start: string): readonly Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(start));
}

function valuesOf(option: Option, begun: string, prefix: string): Omit<Completion, 'globals'> {
  const attribute = option.attributeName();
  const kind = option.argChoices ?? VALUES[attribute];
  if (kind === undefined) return { candidates: [], prefix };
  if (kind === 'directories') return { candidates: [], prefix, directories: true };
  if (typeof kind !== 'string') {
    return {
      candidates: beginning(
        kind.map((value) => ({ value: prefix + value })),
        prefix + begun,
      ),
      prefix,
    };
  }
  const earlier = LISTS.has(attribute) ? begun.slice(0, begun.lastIndexOf(',') + 1) : '';
  return { candidates: [], names: kind, prefix: prefix + earlier };
}

/** Splits `--flag=value`. */
function splitFlag(word: string): readonly [name: string, value?: string] {
  const [, name = word, value] = /^(--?[a-zA-Z][\w-]*)=(.*)$/s.exec(word) ?? [];
  return value === undefined ? [name] : [name, value];
}

function optionOf(program: Command, command: Command, name: string): Option | undefined {
  return [...command.options, ...program.options].find(({ long, short }) => name === long || name === short);
}

function flags(program: Command, command: Command, begun: string): readonly Candidate[] {
  const options = [...new Set([...command.options, ...program.options])].filter(({ hidden }) => !hidden);
  const all = options.map(({ long, short, description }) => ({ value: long ?? short ?? '', meaning: description }));
  return beginning([...all, { value: '--help', meaning: 'show help' }], begun);
}

function subcommands(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), meaning: each.summary() }));
}
