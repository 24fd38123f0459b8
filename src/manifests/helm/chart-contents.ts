import { posix } from 'node:path';
import type { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import { isInPacked } from './archive/pack.ts';
import { Room } from './archive/room.ts';
import { type ChartContent, isPacked, unpackSubchart } from './archive/unpack.ts';
import { isChartFile, requireChartName } from './chart-name.ts';
import { refusedChart } from './refused.ts';
import { isSchema, requireOwnReferences } from './schema.ts';

/**
 * All files of the chart of a unit, with those of packed subcharts.
 * @throws FluxError `helm/refused`
 */
export async function chartContents(
  { chart, files }: Pick<HelmUnit, 'chart' | 'files'>,
  tree: Pick<Tree, 'read'>,
  pace: Pace,
): Promise<readonly ChartContent[]> {
  const room = new Room(chart === '' ? 'the chart of the root' : `the chart ${chart}`);
  const contents: ChartContent[] = [];
  for (const { path: place, file } of files) {
    const path = posix.relative(chart, place);
    const content = await tree.read(file);
    room.take(content.length);
    if (isInPacked(path)) throw refusedChart(`${place} is in a folder with the name of an archive`);
    if (isPacked(path)) contents.push(...(await unpackSubchart(path, content, { archive: chart, room, pace, depth: 0 })));
    else contents.push({ path, content });
  }
  for (const { path, content } of contents) {
    await pace.beforeParsing(content.length);
    if (isSchema(path)) await requireOwnReferences(posix.join(chart, path), content, pace);
    if (isChartFile(path)) await requireChartName(posix.join(chart, path), content, pace);
  }
  return contents;
}
