import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { renderingDoubt, type UnitsBefore, unitCounts, unitsBefore } from '../../../src/controller/sync/rendering-doubt.ts';
import type { DesiredState, Manifest } from '../../../src/resource/index.ts';

const UNIT = 'envs/a/../.flux.yaml';
const OTHER = 'envs/b/../.flux.yaml';
const known = (counts: Readonly<Record<string, number>>): UnitsBefore => ({ state: 'known', counts });

test.each<[string, UnitsBefore, Readonly<Record<string, number>>, string | undefined]>([
  ['the first sync of all', { state: 'first' }, { [UNIT]: 1 }, undefined],
  ['no record, and no unit', { state: 'unknown' }, {}, undefined],
  ['no record, and a unit', { state: 'unknown' }, { [UNIT]: 1 }, `no record says whether ${UNIT} was rendered before`],
  ['no unit, then and now', known({}), {}, undefined],
  ['one more', known({ [UNIT]: 1 }), { [UNIT]: 1, [OTHER]: 1 }, `${OTHER} was not rendered before`],
  ['one less', known({ [UNIT]: 1, [OTHER]: 1 }), { [UNIT]: 1 }, `${OTHER} was rendered before, and is not any more`],
  ['as many objects', known({ [UNIT]: 4 }), { [UNIT]: 4 }, undefined],
  ['half of them', known({ [UNIT]: 4 }), { [UNIT]: 2 }, undefined],
  ['less than half', known({ [UNIT]: 5 }), { [UNIT]: 2 }, `${UNIT} renders 2 objects, and rendered 5 before`],
  ['none', known({ [UNIT]: 1 }), { [UNIT]: 0 }, `${UNIT} renders 0 objects, and rendered 1 before`],
  ['more', known({ [UNIT]: 1 }), { [UNIT]: 9 }, undefined],
  ['a unit with the name of a method', known({}), { constructor: 1 }, 'constructor was not rendered before'],
])('%s', (_, before, now, doubt) => {
  expect(renderingDoubt(before, now)).toBe(doubt);
});

describe('what is counted', () => {
  const stateOf = (count: number, errors: readonly string[] = []): DesiredState => ({
    manifests: [...Array(count).keys()].map(
      (n): Manifest => ({
        place: { unit: UNIT, file: 'envs/.flux.yaml', document: n + 1, renderer: 'commands' as const },
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${n}` } },
        checksum: String(n),
      }),
    ),
    errors: errors.map((unit) => ({ file: 'envs/.flux.yaml', unit, error: new FluxError('no', { code: 'test/no' }) })),
    warnings: [],
    units: [UNIT],
  });

  test('a unit that failed, or has an error, counts as it was before', () => {
    expect(unitCounts(stateOf(3), known({ [UNIT]: 20 }))).toEqual({ [UNIT]: 3 });
    expect(unitCounts(stateOf(0, [UNIT]), known({ [UNIT]: 20 }))).toEqual({ [UNIT]: 20 });
    expect(unitCounts(stateOf(3, [UNIT]), known({ [UNIT]: 20 }))).toEqual({ [UNIT]: 20 });
    expect(unitCounts(stateOf(3, [UNIT]), { state: 'first' })).toEqual({ [UNIT]: 3 });
  });

  test('so what comes after a failure is compared with what was before it', () => {
    const failed = unitCounts(stateOf(0, [UNIT]), known({ [UNIT]: 20 }));
    expect(renderingDoubt(known(failed), unitCounts(stateOf(1), known(failed)))).toContain('renders 1 object, and rendered 20');
  });
});

test('after a restart the record of the last sync counts', async () => {
  const source = (text: string | undefined) => ({ syncRecord: async () => text });
  const fresh = { applied: undefined, units: {} };
  const record = JSON.stringify({ version: 1, changes: [], units: { [UNIT]: 7, odd: 'x' } });
  expect(await unitsBefore({ marked: 'old' }, source(record), fresh)).toEqual(known({ [UNIT]: 7 }));
  expect(await unitsBefore({ marked: 'old' }, source('{"changes":[]}'), fresh)).toEqual(known({}));
  expect(await unitsBefore({ marked: 'old' }, source(undefined), fresh)).toEqual({ state: 'unknown' });
  expect(await unitsBefore({ marked: undefined }, source(record), fresh)).toEqual({ state: 'first' });
  expect(await unitsBefore({ marked: 'old' }, source(record), { applied: 'new', units: { [UNIT]: 2 } })).toEqual(
    known({ [UNIT]: 2 }),
  );
});
