import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change, Outcome } from '../../../src/change/index.ts';
import { ObjectStates } from '../../../src/controller/sync/object-states.ts';
import type { Problem } from '../../../src/resource/index.ts';
import { changeOf } from '../../support/changes.ts';
import { outcomeOf } from '../../support/outcome.ts';

const error = (message: string) => new FluxError(message, { code: 'x/y' });

function statesOf(
  syncs: readonly { readonly at: number; readonly changes?: readonly Change[]; readonly errors?: readonly Problem[] }[],
) {
  const states = new ObjectStates();
  for (const { at, changes = [], errors = [] } of syncs)
    states.synced(outcomeOf({ revision: `r${at}`, startedAt: at - 1, finishedAt: at, changes, errors }));
  return states.view.objects.map(({ id, state, since }) => [id, state, since]);
}

test('an object keeps its time for as long as it stands the same, for the same reason', () => {
  const change = (outcome: Outcome, reason?: string) => changeOf('a', outcome, reason);
  expect(
    statesOf([
      { at: 1, changes: [change('created')] },
      { at: 2, changes: [change('unchanged')] },
    ]),
  ).toEqual([['a', 'synced', 1]]);
  expect(
    statesOf([
      { at: 1, changes: [change('created')] },
      { at: 2, changes: [change('configured')] },
    ]),
  ).toEqual([['a', 'synced', 2]]);
  const failed = (message: string) => change('failed', message);
  expect(
    statesOf([
      { at: 1, changes: [failed('x')] },
      { at: 2, changes: [failed('x')] },
    ]),
  ).toEqual([['a', 'failed', 1]]);
  expect(
    statesOf([
      { at: 1, changes: [failed('x')] },
      { at: 2, changes: [failed('y')] },
    ]),
  ).toEqual([['a', 'failed', 2]]);
  const held = (reason: string) => change('held', reason);
  expect(
    statesOf([
      { at: 1, changes: [held('x')] },
      { at: 2, changes: [held('y')] },
      { at: 3, changes: [held('y')] },
    ]),
  ).toEqual([['a', 'held', 2]]);
});

test('what an object waits for is kept as data', () => {
  const states = new ObjectStates();
  const waitsFor = { path: 'db', id: 'shop:deployment/db', forHealth: true } as const;
  states.synced(
    outcomeOf({
      changes: [
        { id: 'a', inGit: true, place: { file: 'a.yaml', document: 1, line: 1 }, outcome: 'held', reason: 'waits', waitsFor },
      ],
    }),
  );
  expect(states.view.objects).toEqual([expect.objectContaining({ state: 'held', reason: 'waits', waitsFor })]);
});

test('what is deleted, or gone from both sides, is no longer listed', () => {
  const a = changeOf('a', 'created');
  expect(
    statesOf([
      { at: 1, changes: [a] },
      { at: 2, changes: [changeOf('a', 'deleted')] },
    ]),
  ).toEqual([]);
  expect(statesOf([{ at: 1, changes: [a] }, { at: 2 }])).toEqual([]);
});

test('refused documents are listed beside objects, by name or by place, in one order', () => {
  const changes = [changeOf('z', 'created'), changeOf('twice', 'created')];
  const errors: readonly Problem[] = [
    { id: 'twice', file: 'b.yaml', document: 1, line: 1, error: error('given twice') },
    { id: 'refused', file: 'b.yaml', document: 2, line: 9, error: error('no kind') },
    { file: 'c.yaml', document: 1, line: 3, error: error('malformed') },
  ];
  expect(statesOf([{ at: 1, changes, errors }])).toEqual([
    [undefined, 'refused', 1],
    ['refused', 'refused', 1],
    ['twice', 'synced', 1],
    ['z', 'synced', 1],
  ]);
});
