import type { Pace } from '../../units/pace.ts';
import { refusedChart } from '../refused.ts';
import { unzipped } from './gzip.ts';
import { MAX_BYTES, MAX_FILES, type Room } from './room.ts';
import { tarEntries } from './tar.ts';

/** A file of a chart. */
export interface ChartContent {
  /** Relative to the folder of the chart. A packed subchart stands for a folder: `charts/a-1.0.0.tgz/Chart.yaml`. */
  readonly path: string;
  readonly content: Buffer;
}

/** What Helm unpacks beside the files of a chart. */
const PACKED = /^(?:charts\/[^/]+\/)*charts\/[^/._][^/]*\.tgz$/;
const MAX_DEPTH = 3;
/** With headers and padding, and a long name for each file. */
const MAX_TAR_BYTES = MAX_BYTES + MAX_FILES * 2048;
const MAX_NAME = 1024;

/** Whether a file of a chart is a packed subchart. */
export function isPacked(path: string): boolean {
  return PACKED.test(path);
}

export interface UnpackOptions {
  /** Its name in errors. */
  readonly archive: string;
  /** Left of the chart that it is, or is in. */
  readonly room: Room;
  readonly pace: Pace;
  /** How many archives it is in. */
  readonly depth: number;
}

/**
 * The files of a packed chart, and of those that are packed in it, in memory (S-026). The first folder, the name of the chart, is left
 * out.
 * @throws FluxError `helm/refused`
 */
export async function unpackChart(packed: Buffer, options: UnpackOptions): Promise<readonly ChartContent[]> {
  const { archive, room, pace, depth } = options;
  const refused = (why: string) => refusedChart(`${archive} ${why}`);
  if (depth > MAX_DEPTH) throw refused(`is packed more than ${MAX_DEPTH} deep`);
  const tar = await unzippedChart(packed, archive, pace);
  const contents: ChartContent[] = [];
  const names = new Set<string>();
  let top: string | undefined;
  for await (const { kind, name, content } of tarEntries(tar, archive, pace)) {
    room.take(content.length);
    await pace.beforeName(name);
    if (!isPlain(name)) throw refused(`has a name that is not allowed: ${JSON.stringify(name.slice(0, 200))}`);
    const [first = '', ...parts] = name.split('/');
    top ??= first;
    if (first !== top) throw refused('has more than one folder at the top');
    if (kind === 'folder') continue;
    if (parts.length === 0) throw refused('has a file outside of its folder');
    const path = parts.join('/');
    if (names.has(path)) throw refused(`has ${JSON.stringify(path.slice(0, 200))} twice`);
    names.add(path);
    if (!isPacked(path)) contents.push({ path, content });
    else contents.push(...(await unpackSubchart(path, content, options)));
  }
  if (!names.has('Chart.yaml')) throw refused('has no Chart.yaml');
  return contents;
}

/** The files of a packed subchart, by the place at which it is. @throws FluxError `helm/refused` */
export async function unpackSubchart(
  path: string,
  packed: Buffer,
  { archive, depth, ...options }: UnpackOptions,
): Promise<readonly ChartContent[]> {
  const contents = await unpackChart(packed, { ...options, archive: `${archive}/${path}`, depth: depth + 1 });
  return contents.map((each) => ({ path: `${path}/${each.path}`, content: each.content }));
}

async function unzippedChart(packed: Buffer, archive: string, pace: Pace): Promise<Buffer> {
  const outcome = await unzipped(packed, MAX_TAR_BYTES, pace);
  switch (outcome.kind) {
    case 'bytes':
      return outcome.bytes;
    case 'too-large':
      throw refusedChart(`${archive} unpacks to more than ${MAX_BYTES >> 20} MiB`);
    case 'damaged':
      throw refusedChart(`${archive} is not a gzip archive, or is damaged`);
  }
}

function isPlain(name: string): boolean {
  if (name.length > MAX_NAME || /[\0\\]/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
