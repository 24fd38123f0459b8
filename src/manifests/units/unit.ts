import type { TreeFile } from '../../repository/index.ts';

/** The renderers, by name. */
export type RendererName = 'plain';

/** A part of a revision, and the renderer of its files. */
export interface Unit {
  readonly renderer: RendererName;
  readonly files: readonly TreeFile[];
}

/** Divides the files of a revision into units. All plain files are one unit, however many there are. */
export function divide(files: readonly TreeFile[]): readonly Unit[] {
  return [{ renderer: 'plain', files }];
}
