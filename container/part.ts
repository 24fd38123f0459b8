import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Layer, packLayer } from './layer.ts';
import type { Component } from './sbom/component.ts';

/** A part of the image: one layer, made from a directory, and what it contributes to the bill of materials. */
export interface Part {
  readonly name: string;
  /** All that decides what `stage` makes; a part with the same inputs is taken from the cache. */
  readonly inputs: readonly string[];
  /** Fills the directory, which is empty, and returns what is in it. */
  readonly stage: (directory: string) => Promise<readonly Component[]>;
}

export interface BuiltPart {
  readonly name: string;
  readonly layer: Layer;
  readonly components: readonly Component[];
  /** The compressed layer. */
  readonly file: string;
}

/** Builds a part, or takes it from `cache`: it lies there under the hash of what makes it. @param time RFC 3339 */
export async function buildPart(part: Part, cache: string, time: string): Promise<BuiltPart> {
  const built = join(cache, hashOf([part.name, time, process.versions.zlib, ...(await codeOfParts()), ...part.inputs]));
  const file = join(built, 'layer.tar.gz');
  const about = join(built, 'part.json');
  if (!existsSync(built)) {
    await mkdir(cache, { recursive: true });
    const work = await mkdtemp(join(cache, 'making-'));
    try {
      const root = join(work, 'root');
      const result = join(work, 'result');
      await mkdir(root);
      await mkdir(result);
      const components = await part.stage(root);
      const layer = await packLayer(root, join(result, 'layer.tar.gz'), time);
      await writeFile(join(result, 'part.json'), JSON.stringify({ layer, components }));
      await rename(result, built).catch((error: unknown) => {
        if (!existsSync(built)) throw error; // else another build was first, with the same bytes
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const { layer, components } = JSON.parse(await readFile(about, 'utf8')) as Omit<BuiltPart, 'name' | 'file'>;
  return { name: part.name, layer, components, file };
}

/** The code that packs a layer and describes what is in it: what it wrote is not taken for what other code would write. */
const CODE = [
  'layer.ts',
  'part.ts',
  ...['component', 'debian-copyright', 'go-modules', 'npm-packages'].map((name) => `sbom/${name}.ts`),
];

async function codeOfParts(): Promise<readonly string[]> {
  return Promise.all(CODE.map((name) => readFile(join(import.meta.dirname, name), 'utf8')));
}

function hashOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 32);
}
