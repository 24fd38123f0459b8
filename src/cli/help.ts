import type { Command, Help, Option } from 'commander';

export interface HelpTexts {
  /** Example command lines. */
  readonly examples: readonly string[];
  /** Additional text after the flags. */
  readonly more?: string;
}

/** Formats a command's help: summary, usage, examples, flags, and the names of the global flags last. */
export function layOutHelp(command: Command, { examples, more = '' }: HelpTexts): Command {
  return command.configureHelp({
    formatHelp(each, helper) {
      const list = (items: readonly (readonly [string, string])[]) => listed(items, helper);
      const wrapped = (text: string) => helper.boxWrap(text, helper.helpWidth ?? 80);
      const globals = each.parent ? rootOf(each).options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long])) : [];
      const names = each.aliases();
      return [
        wrapped(helper.commandDescription(each)),
        section('Usage', `  ${pathOf(each)} ${each.usage()}`),
        names.length > 0 ? section('Aliases', `  ${names.join(', ')}`) : '',
        examples.length > 0 ? section('Examples', examples.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')) : '',
        section('Arguments', list(helper.visibleArguments(each).map((argument) => [argument.name(), argument.description]))),
        section('Commands', list(helper.visibleCommands(each).map((sub) => [sub.name(), sub.summary() || sub.description()]))),
        section('Flags', list(helper.visibleOptions(each).map((option) => [termOf(option), meaningOf(option)]))),
        more === '' ? '' : `\n${wrapped(more.trim())}`,
        globals.length === 0
          ? ''
          : `\n${wrapped(`Global flags, described by ${rootOf(each).name()} --help: ${globals.join(', ')}`)}`,
      ]
        .join('\n')
        .replace(/\n{3,}/g, '\n\n')
        .replace(/\n*$/, '\n');
    },
  });
}

function section(title: string, body: string): string {
  return body === '' ? '' : `\n${title}:\n${body}`;
}

/** Two columns; long descriptions wrap within theirs. */
function listed(items: readonly (readonly [string, string])[], helper: Help): string {
  const width = Math.max(0, ...items.map(([term]) => term.length));
  return items.map(([term, meaning]) => helper.formatItem(term, width, meaning, helper)).join('\n');
}

/** Aligns long names, with or without a short one. */
function termOf(option: Option): string {
  return option.short ? option.flags : `    ${option.flags}`;
}

/** The description, followed by a non-empty default unless the text names it. */
function meaningOf({ description, defaultValue }: Option): string {
  const shown = typeof defaultValue === 'string' && defaultValue !== '' && !/\bdefault\b/.test(description);
  return shown ? `${description} (default ${JSON.stringify(defaultValue)})` : description;
}

/** `fluxctl gc approve`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}
