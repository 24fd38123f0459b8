import type { Format } from '../format.ts';
import { type Metadata, readMetadata, writeMetadata } from '../metadata.ts';
import { dotenvLayout, iniLayout } from './flat.ts';
import { jsonLayout } from './json.ts';
import { badMetadata, type Layout } from './layout.ts';
import { yamlLayout } from './yaml.ts';

const LAYOUTS = { yaml: yamlLayout, json: jsonLayout, binary: jsonLayout, dotenv: dotenvLayout, ini: iniLayout } as const;

/** A file as sops reads it. */
export interface SopsFile {
  readonly path: string;
  readonly format: Format;
  readonly text: string;
}

/**
 * Finds where sops wrote about a file; undefined if it did not.
 * @throws FluxError `decryption/bad-metadata`
 */
export function layoutOf(path: string, format: Format, text: string): Layout | undefined {
  return LAYOUTS[format](path, text);
}

/** What sops wrote about a file; undefined if it wrote nothing. @throws FluxError `decryption/bad-metadata` */
export function metadataOf({ path, format, text }: SopsFile): Metadata | undefined {
  const layout = layoutOf(path, format, text);
  if (!layout) return undefined;
  const metadata = readMetadata(layout.metadata);
  if (!metadata) throw badMetadata(path, 'its entry "sops" is not as sops writes it');
  return metadata;
}

/** A file of which sops wrote something else. @throws FluxError `decryption/bad-metadata` */
export function withMetadata({ path, format, text }: SopsFile, metadata: Metadata): string {
  const layout = layoutOf(path, format, text);
  if (!layout) throw badMetadata(path, 'it has no metadata');
  return layout.with(writeMetadata(metadata));
}
