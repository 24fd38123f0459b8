import type { Format } from '../format.ts';
import { dotenvLayout, iniLayout } from './flat.ts';
import { jsonLayout } from './json.ts';
import type { Layout } from './layout.ts';
import { yamlLayout } from './yaml.ts';

const LAYOUTS = { yaml: yamlLayout, json: jsonLayout, binary: jsonLayout, dotenv: dotenvLayout, ini: iniLayout } as const;

/**
 * Finds where sops wrote about a file; undefined if it did not.
 * @throws FluxError `decryption/bad-metadata`
 */
export function layoutOf(path: string, format: Format, text: string): Layout | undefined {
  return LAYOUTS[format](path, text);
}
