import { isDeepStrictEqual } from 'node:util';
import type { FieldOwner, FieldState, LiveField } from '../../change/index.ts';
import type { Confidential, Json } from '../../resource/index.ts';
import { flatten, type ServerObject, shapeOf } from '../diff/flatten.ts';
import { isLarger, MAX_COMPARED_VALUES, MAX_SHOWN_FIELDS } from '../diff/is-larger.ts';
import { MASK } from '../diff/mask.ts';
import { shownPath } from '../object/confidential.ts';
import { completeKeys } from './complete-keys.ts';
import { ownersIn } from './owners.ts';
import { isSameQuantity } from './same-quantity.ts';

export interface Comparison {
  readonly fields: readonly LiveField[];
  readonly isCut: boolean;
}

/**
 * Every field of a manifest and of the object in the cluster, by path, with who owns it. Unlike a dry run, this sends nothing, so it needs
 * no right to write. Of a hidden object no values are compared. An object that is too large is not compared at all.
 */
export function compareLive(desired: ServerObject, live: ServerObject | undefined, hidden: Confidential | undefined): Comparison {
  if (isLarger([desired, live], MAX_COMPARED_VALUES)) return { fields: [], isCut: true };
  const shape = shapeOf(live);
  const { object, filledIn } = live ? completeKeys(desired, live, shape) : { object: desired, filledIn: new Set<string>() };
  const wanted = flatten(object, shape).leaves;
  for (const path of filledIn) wanted.delete(path);
  const found = flatten(live, shape).leaves;
  const ownersOf = live ? ownersIn(live, shape) : () => [];
  const paths = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  const fields = hidden
    ? hide(paths, { wanted, found, ownersOf, hidden })
    : mostTelling(paths, wanted, found).map((path) => fieldAt(path, wanted.get(path), found.get(path), ownersOf(path)));
  return { fields: fields.slice(0, MAX_SHOWN_FIELDS), isCut: paths.length > MAX_SHOWN_FIELDS };
}

/** Where there are too many: first what differs from Git, then what Git does not have. */
function mostTelling(
  paths: readonly string[],
  wanted: ReadonlyMap<string, Json>,
  found: ReadonlyMap<string, Json>,
): readonly string[] {
  if (paths.length <= MAX_SHOWN_FIELDS) return paths;
  const rankOf = (path: string): number => {
    if (!wanted.has(path)) return 1;
    return isDeepStrictEqual(wanted.get(path), found.get(path)) ? 2 : 0;
  };
  const byRank = Map.groupBy(paths, rankOf);
  return [0, 1, 2]
    .flatMap((rank) => byRank.get(rank) ?? [])
    .slice(0, MAX_SHOWN_FIELDS)
    .sort();
}

function fieldAt(path: string, desired: Json | undefined, live: Json | undefined, owners: readonly FieldOwner[]): LiveField {
  return {
    path,
    state: stateOf(path, desired, live, owners),
    ...(desired === undefined ? {} : { desired }),
    ...(live === undefined ? {} : { live }),
    owners,
  };
}

function stateOf(path: string, desired: Json | undefined, live: Json | undefined, owners: readonly FieldOwner[]): FieldState {
  if (live === undefined) return 'missing';
  if (desired === undefined) return owners.length === 0 ? 'default' : 'added';
  return isDeepStrictEqual(desired, live) || isSameQuantity(path, desired, live) ? 'same' : 'differs';
}

interface Sides {
  readonly wanted: ReadonlyMap<string, Json>;
  readonly found: ReadonlyMap<string, Json>;
  readonly ownersOf: (path: string) => readonly FieldOwner[];
  readonly hidden: Confidential;
}

/** Fields whose paths are not shown whole count as one. */
function hide(paths: readonly string[], { wanted, found, ownersOf, hidden }: Sides): readonly LiveField[] {
  const byPath = Map.groupBy(paths, (path) => shownPath(path, hidden));
  return [...byPath].map(([path, inner]) => ({
    path,
    state: 'hidden',
    ...(inner.some((each) => wanted.has(each)) ? { desired: MASK } : {}),
    ...(inner.some((each) => found.has(each)) ? { live: MASK } : {}),
    owners: [...new Map(inner.flatMap(ownersOf).map((owner) => [JSON.stringify(owner), owner])).values()],
  }));
}
