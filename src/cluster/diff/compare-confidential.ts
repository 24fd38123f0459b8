import type { FieldDiff } from '../../change/index.ts';
import type { Confidential } from '../../resource/index.ts';
import { shownPath } from '../object/confidential.ts';
import { compareObjects } from './compare.ts';
import type { ServerObject } from './flatten.ts';
import { MASK, masked } from './mask.ts';

/** The differences of an object from an encrypted file, without any value. Fields whose paths are not shown whole count as one. */
export function compareConfidential(
  live: ServerObject | undefined,
  wanted: ServerObject,
  confidential: Confidential,
): readonly FieldDiff[] {
  return withoutValues(compareObjects(live, wanted), confidential);
}

/** Differences of a confidential object as they may be shown (S-074). */
export function withoutValues(differences: readonly FieldDiff[], confidential: Confidential): readonly FieldDiff[] {
  const byPath = Map.groupBy(differences, ({ path }) => shownPath(path, confidential));
  return [...byPath].map(([path, fields]) =>
    masked(path, {
      from: fields.some(({ from }) => from !== undefined) ? MASK : undefined,
      to: fields.some(({ to }) => to !== undefined) ? MASK : undefined,
    }),
  );
}
