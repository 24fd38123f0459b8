import { describe, expect, test } from 'vitest';
import { renderedOtherwise, unitsDoubt } from '../../../src/controller/sync/rendering-doubt.ts';
import type { DesiredState, Manifest } from '../../../src/resource/index.ts';

const UNIT = 'envs/a/../.flux.yaml';

function stateOf(count: number, rest: Partial<DesiredState> = {}): DesiredState {
  const manifests = [...Array(count).keys()].map(
    (n): Manifest => ({
      place: { unit: UNIT, file: 'envs/.flux.yaml', document: n + 1 },
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${n}` } },
      checksum: String(n),
    }),
  );
  return { manifests, errors: [], warnings: [], units: [UNIT], ...rest };
}

describe('other units than before', () => {
  test.each<[string, readonly string[] | undefined, readonly string[], string | undefined]>([
    ['none, then and now', [], [], undefined],
    ['no record, and none now', undefined, [], undefined],
    ['no record, and one now', undefined, [UNIT], `no record says whether ${UNIT} was rendered before`],
    ['the same', [UNIT], [UNIT], undefined],
    ['one more', [], [UNIT], `${UNIT} was not rendered before`],
    ['one less', [UNIT], [], `${UNIT} was rendered before, and is not any more`],
  ])('%s', (_, before, now, doubt) => {
    expect(unitsDoubt(before, now)).toBe(doubt);
  });
});

describe('what was rendered before, and is now', () => {
  const record = (units?: readonly string[]) => JSON.stringify({ version: 1, changes: [], ...(units ? { units } : {}) });
  const look = (
    before: DesiredState | Error,
    now: DesiredState,
    { applied, text }: { readonly applied?: string; readonly text?: string } = { applied: 'old' },
  ) =>
    renderedOtherwise(
      { marked: 'old' },
      { revision: 'new', state: now },
      {
        source: { syncRecord: async () => text },
        reader: { readAside: async () => (before instanceof Error ? Promise.reject(before) : before) },
        progress: { applied, units: before instanceof Error ? [UNIT] : (before.units ?? []) },
      },
      {},
    );

  test.each<[string, number, number, string | undefined]>([
    ['as many', 4, 4, undefined],
    ['half', 4, 2, undefined],
    ['less than half', 5, 2, `${UNIT} renders 2 objects, and rendered 5 before`],
    ['none', 1, 0, `${UNIT} renders 0 objects, and rendered 1 before`],
    ['more', 1, 9, undefined],
  ])('%s', async (_, before, now, doubt) => {
    expect(await look(stateOf(before), stateOf(now))).toBe(doubt);
  });

  test('a revision before that failed to render cannot be compared', async () => {
    expect(await look(stateOf(0, { unsettled: true }), stateOf(4))).toContain('could not be rendered for comparison');
  });

  test('after a restart the record of the last sync counts, and then what it rendered', async () => {
    const asked = { text: record([UNIT]) };
    expect(await look(stateOf(4), stateOf(4), asked)).toBeUndefined();
    expect(await look(stateOf(4), stateOf(1), asked)).toContain('renders 1 object, and rendered 4 before');
    expect(await look(stateOf(4), stateOf(4), { text: record() })).toContain('was not rendered before');
    expect(await look(stateOf(4), stateOf(4), {})).toContain('no record says');
  });
});
