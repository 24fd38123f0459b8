import { posix } from 'node:path';
import type { ParsedFile } from '../finding.ts';
import type { Pace } from '../units/pace.ts';
import type { HelmUnit } from '../units/unit.ts';

const SOURCE = /^# Source: [^/\n]+\/(.+)$/;

/** Says of each object which template it is from, as Helm writes before each document. */
export async function withSources(
  parsed: ParsedFile,
  output: Buffer,
  { chart, directory, files }: HelmUnit,
  pace: Pace,
): Promise<ParsedFile> {
  const known = new Set(files.map(({ path }) => path));
  const wanted = new Set(parsed.objects.map(({ line }) => line));
  const sources = new Map<number, string>();
  let source: string | undefined;
  let number = 0;
  for (const line of linesOf(output.toString('utf8'))) {
    await pace.beforeName(line);
    number += 1;
    if (line === '---') source = undefined;
    const [, path] = SOURCE.exec(line.slice(0, MAX_SOURCE)) ?? [];
    if (path !== undefined) source ??= posix.join(chart, path);
    if (source !== undefined && wanted.has(number) && known.has(source)) sources.set(number, posix.relative(directory, source));
  }
  const objects = parsed.objects.map((each) => {
    const origin = sources.get(each.line);
    return origin === undefined ? each : { ...each, origin };
  });
  return { ...parsed, objects };
}

const MAX_SOURCE = 5_000;

/** One after the other: an output may have very many. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end === -1 ? text.length : end);
    if (end === -1) return;
    start = end + 1;
  }
}
