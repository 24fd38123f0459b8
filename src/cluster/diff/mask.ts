import type { FieldDiff } from '../../change/index.ts';

/** In place of a value. */
export const MASK = '***';

/** A difference without its values. */
export function masked(path: string, { from, to }: { readonly from?: unknown; readonly to?: unknown }): FieldDiff {
  return {
    path,
    ...(from === undefined ? {} : { from: MASK }),
    ...(to === undefined ? {} : { to: from === undefined ? MASK : `${MASK} (changed)` }),
  };
}
