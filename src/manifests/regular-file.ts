import type { TreeFile } from '../repository/index.ts';

/** Whether a listed file may be read as text. */
export function isRegular({ mode, undecodable }: TreeFile): boolean {
  return mode.startsWith('100') && !undecodable;
}
