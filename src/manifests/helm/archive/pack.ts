import type { Pace } from '../../units/pace.ts';
import { joined, zipped } from './gzip.ts';
import { TAR_END, tarOf } from './tar.ts';
import type { ChartContent } from './unpack.ts';

/** A file in a packed subchart: the place of the outermost one, and the path in it. */
const IN_PACKED = /^((?:charts\/[^/]+\/)*?charts\/[^/._][^/]*\.tgz)\/(.+)$/;

/** Whether a path leads into a packed subchart. */
export function isInPacked(path: string): boolean {
  return IN_PACKED.test(path);
}

/**
 * The files as Helm finds them: what was packed is packed again, from what was read of it. Helm may read an archive in another way, and
 * applies a `.helmignore` to what is not packed.
 */
export async function asHelmFinds(contents: readonly ChartContent[], pace: Pace): Promise<readonly ChartContent[]> {
  const files: ChartContent[] = [];
  const archives = new Map<string, ChartContent[]>();
  for (const { path, content } of contents) {
    await pace.beforeName(path);
    const [, archive, inside] = IN_PACKED.exec(path) ?? [];
    if (archive === undefined || inside === undefined) {
      files.push({ path, content });
      continue;
    }
    const known = archives.get(archive) ?? [];
    archives.set(archive, known);
    known.push({ path: inside, content });
  }
  for (const [path, inside] of archives) files.push({ path, content: await packChart(inside, pace) });
  return files;
}

/** An archive of a chart. */
export async function packChart(contents: readonly ChartContent[], pace: Pace): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for (const { path, content } of await asHelmFinds(contents, pace)) {
    await pace.before(10);
    blocks.push(...tarOf(`chart/${path}`, content));
  }
  return await zipped(await joined([...blocks, TAR_END], pace), pace);
}
