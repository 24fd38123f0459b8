import { expect, test } from 'vitest';
import { shareOf, type UpdateSpec } from '../../src/update/index.ts';

const cause = { Message: '', User: '' };
const image = (...ServiceSpecs: string[]): UpdateSpec => ({
  type: 'image',
  cause,
  spec: { ServiceSpecs, ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false },
});
const containers = (...ids: string[]): UpdateSpec => ({
  type: 'containers',
  cause,
  spec: { Kind: 'execute', ContainerSpecs: Object.fromEntries(ids.map((id) => [id, []])), SkipMismatches: false, Force: false },
});
const policy = (...ids: string[]): UpdateSpec => ({
  type: 'policy',
  cause,
  spec: Object.fromEntries(ids.map((id) => [id, { add: { locked: 'true' }, remove: null }])),
});
const sync: UpdateSpec = { type: 'sync', cause, spec: {} };

const [OURS, THEIRS] = ['shop:deployment/ours', 'shop:deployment/theirs'];

test.each<[string, UpdateSpec, UpdateSpec | undefined]>([
  ['a release of everything', image('<all>'), image('<all>')],
  ['a release without names', image(), image()],
  ['a release of both', image(OURS, THEIRS), image(OURS)],
  ['a release of another', image(THEIRS), undefined],
  ['a release of containers of both', containers(OURS, THEIRS), containers(OURS)],
  ['a release of containers of another', containers(THEIRS), undefined],
  ['policies of both', policy(OURS, THEIRS), policy(OURS)],
  ['policies of another', policy(THEIRS), undefined],
  ['a sync', sync, sync],
])('of %s, a source gets its share', (_, whole, share) => {
  expect(shareOf(whole, (id) => id === OURS)).toEqual(share);
});
