import type { Component } from './component.ts';

/**
 * The modules that are linked into a Go program, from what `go version -m` prints:
 * `dep<TAB>PATH<TAB>VERSION<TAB>HASH`, and `=>` lines for the one that stands in for the line before.
 */
export function goModulesOf(printed: string): readonly Component[] {
  const modules: Component[] = [];
  for (const line of printed.split('\n')) {
    const [kind, path, version, goSum] = line.trim().split('\t');
    if (path === undefined || version === undefined) continue;
    if (kind === '=>') modules.pop();
    if (kind !== 'dep' && kind !== '=>') continue;
    modules.push({ name: path, version, purl: `pkg:golang/${path}@${version}`, ...(goSum ? { goSum } : {}) });
  }
  return modules;
}
