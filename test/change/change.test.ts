import { expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { type Change, countOutcomes, isApplied, isHeldDeletion, isOpenDeletion, type Outcome } from '../../src/change/index.ts';
import { changeOf } from '../support/changes.ts';

const OUTCOMES: readonly Outcome[] = ['created', 'configured', 'unchanged', 'deleted', 'skipped', 'held', 'failed'];
const gone = { id: 'shop:configmap/gone', inGit: false, uid: 'u' } as const;
const GONE: readonly Change[] = [
  { ...gone, outcome: 'deleted', reason: 'no longer in Git' },
  { ...gone, outcome: 'skipped', reason: 'it belongs to another object (ownerReferences)' },
  { ...gone, outcome: 'held', reason: 'dry run' },
  { ...gone, outcome: 'failed', error: new FluxError('denied', { code: 'cluster/denied' }) },
];

test('what is applied is in the cluster as Git wants it', () => {
  const changes = OUTCOMES.map((outcome) => changeOf('shop:configmap/a', outcome));
  expect(changes.filter(isApplied).map(({ outcome }) => outcome)).toEqual(['created', 'configured', 'unchanged']);
});

test('a deletion is held or open only for an object that is not in Git', () => {
  const changes = [...OUTCOMES.map((outcome) => changeOf('shop:configmap/a', outcome)), ...GONE];
  const of = ({ inGit, outcome }: Change) => `${inGit ? 'in Git' : 'gone'}, ${outcome}`;
  expect(changes.filter(isHeldDeletion).map(of)).toEqual(['gone, held']);
  expect(changes.filter(isOpenDeletion).map(of)).toEqual(['gone, held', 'gone, failed']);
});

test('outcomes are counted, and those that no object came to are absent', () => {
  expect(countOutcomes([])).toEqual({});
  expect(countOutcomes([...GONE, ...GONE, changeOf('a:b/c', 'unchanged')])).toEqual({
    deleted: 2,
    skipped: 2,
    held: 2,
    failed: 2,
    unchanged: 1,
  });
});
