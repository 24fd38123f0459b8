import type { Flag } from './flag.ts';
import { FLAG_GROUPS } from './flags.ts';

/** What `fluxd --help` prints: the flags that do something, in groups. */
export function helpText(): string {
  const groups = Object.entries(FLAG_GROUPS).flatMap(([title, flags]) => {
    const lines = Object.entries<Flag>(flags).filter(([, { status }]) => status === 'built' || status === 'deprecated');
    return lines.length === 0 ? [] : [`${title}:\n${lines.map(([name, flag]) => helpLine(name, flag)).join('')}`];
  });
  return `fluxd keeps a Kubernetes cluster equal to a Git repository.

Usage: fluxd --git-url=URL [flags]

${groups.join('\n')}
A duration is written 90s, 5m or 1h30m. A list is written a,b or by giving the flag again.
All flags, also those of Flux v1 that are not built yet or mean nothing any more: docs/fluxd-flags.md
`;
}

function helpLine(name: string, { short, type, default: byDefault, help }: Flag): string {
  const left = `  ${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'bool' ? '' : ` ${type}`}`;
  const right = byDefault === '' || byDefault === 'false' ? help : `${help} (default ${byDefault})`;
  return left.length < 44 ? `${left.padEnd(44)}${right}\n` : `${left}\n${' '.repeat(44)}${right}\n`;
}
