import { posix } from 'node:path';
import { type Cancellable, FluxError } from '../../base/index.ts';
import type { LockedChart } from '../../resource/index.ts';
import type { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import { isInPacked } from './archive/pack.ts';
import { Room } from './archive/room.ts';
import { type ChartContent, isPacked, unpackChart, unpackSubchart } from './archive/unpack.ts';
import { isChartFile, requireChartName } from './chart-name.ts';
import type { ChartArchives } from './helm-program.ts';
import { refusedChart } from './refused.ts';
import { nameOfChart } from './remote-chart.ts';
import { isSchema, requireOwnReferences } from './schema.ts';

/** Where charts are read from. */
export interface ChartPlaces extends Cancellable {
  readonly tree: Pick<Tree, 'read'>;
  readonly archives: ChartArchives;
  readonly pace: Pace;
}

/**
 * All files of the chart of a unit, with those of packed subcharts.
 * @throws FluxError `helm/refused`, `helm/not-fetched`
 */
export async function chartContents(
  unit: Pick<HelmUnit, 'chart' | 'files' | 'archive'>,
  places: ChartPlaces,
): Promise<readonly ChartContent[]> {
  const { chart, files, archive } = unit;
  const { pace } = places;
  const room = new Room(chart === '' ? 'the chart of the root' : `the chart ${chart}`);
  const contents = archive
    ? await unpackChart(await fetchedChart(archive, places), { archive: nameOfChart(archive), room, pace, depth: 0 })
    : await contentsIn(chart, files, places, room);
  for (const { path, content } of contents) {
    await pace.beforeParsing(content.length);
    if (isSchema(path)) await requireOwnReferences(posix.join(chart, path), content, pace);
    if (isChartFile(path)) await requireChartName(posix.join(chart, path), content, pace);
  }
  return contents;
}

/** The archive of a chart from elsewhere. @throws FluxError `helm/not-fetched` */
export async function fetchedChart(
  archive: LockedChart,
  { archives, signal }: Pick<ChartPlaces, 'archives' | 'signal'>,
): Promise<Buffer> {
  try {
    return await archives.fetch(archive, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof FluxError)) throw error;
    const { message, fault, help = '' } = error;
    throw new FluxError(`${nameOfChart(archive)} ${archive.version} cannot be fetched: ${message}`, {
      code: 'helm/not-fetched',
      fault,
      cause: error,
      help: `${help} It is tried again. What the unit renders stays as it is in the cluster, and nothing is deleted.`.trim(),
    });
  }
}

async function contentsIn(
  chart: string,
  files: HelmUnit['files'],
  { tree, pace }: ChartPlaces,
  room: Room,
): Promise<readonly ChartContent[]> {
  const contents: ChartContent[] = [];
  for (const { path: place, file } of files) {
    const path = posix.relative(chart, place);
    const content = await tree.read(file);
    room.take(content.length);
    if (isInPacked(path)) throw refusedChart(`${place} is in a folder with the name of an archive`);
    if (isPacked(path)) contents.push(...(await unpackSubchart(path, content, { archive: chart, room, pace, depth: 0 })));
    else contents.push({ path, content });
  }
  return contents;
}
