import { variableOf } from './environment.ts';
import type { Flag } from './flag.ts';
import { FLAG_GROUPS, type FlagName } from './flags.ts';

/** What `fluxd --help` prints: the flags that do something, in groups. */
export function helpText(): string {
  const groups = Object.entries(FLAG_GROUPS).flatMap(([title, flags]) => {
    const shown = Object.entries<Flag>(flags).filter(([, { status }]) => status === 'built' || status === 'deprecated');
    const lines = shown.map(([name, flag]) => helpLine(name as FlagName, flag));
    return lines.length === 0 ? [] : [`${title}:\n${lines.join('')}`];
  });
  return `fluxd keeps a Kubernetes cluster equal to a Git repository.

Usage: fluxd --git-url=URL [flags]

${groups.join('\n')}
A duration is written 90s, 5m or 1h30m. A list is written a,b or by giving the flag again.
Each flag can also be set by the variable in brackets, or in the file of --config-file; a flag wins over a variable, a variable over
the file.
All flags, also those of Flux v1 that are not built yet or mean nothing any more: docs/fluxd-flags.md
`;
}

function helpLine(name: FlagName, { short, type, default: byDefault, help }: Flag): string {
  const left = `  ${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'bool' ? '' : ` ${type}`}`;
  const variable = variableOf(name);
  const notes = [
    ...(byDefault === '' || byDefault === 'false' ? [] : [`(default ${byDefault})`]),
    ...(variable === undefined ? [] : [`[${variable}]`]),
  ];
  const right = [help, ...notes].join(' ');
  return left.length < 44 ? `${left.padEnd(44)}${right}\n` : `${left}\n${' '.repeat(44)}${right}\n`;
}
