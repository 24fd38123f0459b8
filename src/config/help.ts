import { variableOf } from './environment.ts';
import type { Flag } from './flag.ts';
import { FLAG_GROUPS, type FlagName } from './flags.ts';

/** The output of `fluxd --help`: the flags that have an effect, in groups. */
export function helpText(): string {
  const groups = Object.entries(FLAG_GROUPS).flatMap(([title, flags]) => {
    const shown = Object.entries<Flag>(flags).filter(([, { status }]) => status === 'built' || status === 'deprecated');
    const lines = shown.map(([name, flag]) => helpLine(name as FlagName, flag));
    return lines.length === 0 ? [] : [`${title}:\n${lines.join('')}`];
  });
  return `fluxd keeps a Kubernetes cluster in sync with a Git repository.

Usage: fluxd --git-url=URL [flags]

${groups.join('\n')}
Durations are written as 90s, 5m or 1h30m. Lists are written as a,b or by repeating the flag.
Each flag can also be set by the environment variable in brackets, or in the file given by --config-file. Flags override variables,
and variables override the file.
For all flags, including those of Flux v1 without effect, see docs/fluxd-flags.md.
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
