import type { Cancellable } from '../../base/index.ts';
import type { LineChange, Revision } from '../../repository/index.ts';
import { containersOf, isRendered, type Manifest } from '../../resource/index.ts';
import type { Source } from '../ports/source.ts';
import { linesOf } from './object-lines.ts';

/** Who changed the lines of an object last. */
export interface ObjectBlame {
  /** The last change of each line. */
  readonly changes: readonly LineChange[];
  /** The last change of the line with the image, by container; absent where no line has it. */
  readonly images: ReadonlyMap<string, LineChange>;
}

/** One blame of an object's lines in a revision; undefined if it is not written in a file of the revision. */
export async function blameObject(
  { place, object }: Manifest,
  revision: Revision,
  source: Pick<Source, 'files' | 'blob' | 'blame'>,
  cancel: Cancellable,
): Promise<ObjectBlame | undefined> {
  if (isRendered(place)) return undefined;
  const blob = (await source.files(revision, cancel)).find(({ path }) => path === place.file)?.blob;
  if (blob === undefined) return undefined;
  const { from, to, images } = linesOf((await source.blob(blob, cancel)).toString('utf8'), place, containersOf(object));
  const changes = await source.blame({ revision, file: place.file, from, to }, cancel);
  const byLine = new Map(changes.map((change) => [change.line, change]));
  return {
    changes,
    images: new Map(
      [...images].flatMap(([container, line]) => {
        const change = byLine.get(line);
        return change ? [[container, change] as const] : [];
      }),
    ),
  };
}
