import type { License } from './component.ts';

/**
 * The licences that a machine-readable copyright file names, each once; https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/.
 * Older files are prose, of which nothing is guessed.
 */
export function licenseIn(copyright: string): License | undefined {
  if (!/^Format:\s*\S*copyright-format/m.test(copyright)) return undefined;
  const names = [...copyright.matchAll(/^License:[ \t]*(\S.*)$/gm)].map(([, name]) => (name ?? '').trim());
  return names.length === 0 ? undefined : { names: [...new Set(names)].sort() };
}
