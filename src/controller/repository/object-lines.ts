import type { Container, WrittenPlace } from '../../resource/index.ts';

/** Lines of one object that are looked at; longer ones are rare. */
const MAX_LINES = 2_000;

/** Where an object is in its file, and the lines with the images of its containers. Lines count from 1. */
export interface ObjectLines {
  readonly from: number;
  readonly to: number;
  /** By container; absent where no line has the image. */
  readonly images: ReadonlyMap<string, number>;
}

/** Finds the lines of an object by its first one, up to the next document. */
export function linesOf(text: string, { line: from }: WrittenPlace, containers: readonly Container[]): ObjectLines {
  const lines = text.split('\n', from - 1 + MAX_LINES).slice(from - 1);
  const next = lines.findIndex((line, index) => index > 0 && /^(---|\.\.\.)(\s|$)/.test(line));
  const own = next < 0 ? lines : lines.slice(0, next);
  const images = new Map<string, number>();
  for (const { name, image } of containers) {
    const at = image === '' ? -1 : own.findIndex((line) => line.includes(image));
    const index = at >= 0 ? at : own.findIndex((line) => hasTag(line, image));
    if (index >= 0) images.set(name, from + index);
  }
  return { from, to: from + Math.max(0, own.length - 1), images };
}

/** A HelmRelease may have the tag on a line of its own. */
function hasTag(line: string, image: string): boolean {
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(image)?.[1];
  return tag !== undefined && /\btag\s*:/i.test(line) && line.includes(tag);
}
