/** How a file is written, in the words of sops. */
export type Format = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary';

/** By the end of the name, as `FormatForPath` of sops does. */
export function formatOf(path: string): Format {
  if (path.endsWith('.yaml') || path.endsWith('.yml')) return 'yaml';
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.env')) return 'dotenv';
  if (path.endsWith('.ini')) return 'ini';
  return 'binary';
}
