import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { withoutNewUnits } from '../../../src/controller/sync/new-units.ts';
import type { UnitsBefore } from '../../../src/controller/sync/rendering-doubt.ts';
import type { DesiredState, Manifest, Problem } from '../../../src/resource/index.ts';

const K = (folder: string) => `${folder}/kustomization.yaml`;
const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const built = (unit: string, renderer: 'kustomize' | 'commands' = 'kustomize'): Manifest => ({
  place: { unit, file: unit, document: 1, renderer },
  object: object(unit),
  checksum: unit,
});
const plain: Manifest = { place: { file: 'a.yaml', document: 1, line: 1 }, object: object('a'), checksum: 'a' };
const error = new FluxError('broken', { code: 'kustomize/missing', fault: 'user' });
const refused = (unit: string): Problem => ({ file: unit, unit, error });
const known = (counts: Readonly<Record<string, number>>): UnitsBefore => ({ state: 'known', counts });

const state = (manifests: readonly Manifest[], errors: readonly Problem[]): DesiredState => ({ manifests, errors, warnings: [] });
const namesOf = ({ manifests, errors }: DesiredState) => ({
  applied: manifests.map(({ object: { metadata } }) => metadata.name),
  refused: errors.map(({ unit, file }) => unit ?? file),
});

test('the base of an overlay that is broken is not applied in its place', () => {
  const wanted = state([built(K('base/web')), built(K('other')), plain], [refused(K('prod/web'))]);
  const left = withoutNewUnits(wanted, known({ [K('prod/web')]: 3, [K('other')]: 1 }));
  expect(namesOf(left)).toEqual({ applied: [K('other'), 'a'], refused: [K('prod/web'), K('base/web')] });
  expect(left.errors.at(-1)?.error.message).toContain(K('prod/web'));
});

test('one that is held stays held by the record of the sync, until nothing is broken', () => {
  const before = known({ [K('prod/web')]: 3, [K('base/web')]: 0 });
  expect(namesOf(withoutNewUnits(state([built(K('base/web'))], [refused(K('prod/web'))]), before)).applied).toEqual([]);
  expect(namesOf(withoutNewUnits(state([built(K('base/web'))], []), before)).applied).toEqual([K('base/web')]);
});

test.each<[string, DesiredState, UnitsBefore]>([
  ['nothing is broken', state([built(K('new'))], []), known({})],
  ['a file is refused', state([built(K('new'))], [{ file: 'a.yaml', error }]), known({})],
  [
    'one document of a folder is refused',
    state([built(K('new'))], [{ ...refused(K('a')), document: 2 }]),
    known({ [K('a')]: 1 }),
  ],
  ['commands fail', state([built(K('new'))], [{ file: '.flux.yaml', unit: './.flux.yaml', error }]), known({})],
  ['it is the first sync', state([built(K('new'))], [refused(K('a'))]), { state: 'first' }],
  ['no record says what was built', state([built(K('new'))], [refused(K('a'))]), { state: 'unknown' }],
  ['all folders are as before', state([built(K('a'))], [refused(K('b'))]), known({ [K('a')]: 1, [K('b')]: 1 })],
  [
    'what is new is the output of commands',
    state([built('n/.flux.yaml', 'commands')], [refused(K('a'))]),
    known({ [K('a')]: 1 }),
  ],
])('nothing is held while %s', (_, wanted, before) => {
  expect(withoutNewUnits(wanted, before)).toBe(wanted);
});
