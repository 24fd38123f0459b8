import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ImageFile } from './image.ts';

/**
 * Programs of this machine for an image: each by its own path, with the libraries that it loads and their loader.
 * @throws when one is not installed.
 */
export function installed(...programs: readonly string[]): readonly ImageFile[] {
  const paths = new Set(programs.flatMap((program) => [program, ...librariesOf(program)]));
  return [...paths].map((path) => ({ path, content: readFileSync(path), mode: 0o755 }));
}

function librariesOf(program: string): readonly string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
