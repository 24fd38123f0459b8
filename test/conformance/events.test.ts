import { describe, expect, test } from 'vitest';
import { createSyncEvents } from '../../src/controller/sync/sync-events.ts';
import { type EventResult, summarizeEvent } from '../../src/record/index.ts';
import { newCommits, outcomeOf } from '../support/outcome.ts';

const at = { startedAt: 0, endedAt: 0 };
const hash = (digit: number) => String(digit).repeat(40);
const updated = (Target: string) => ({
  Status: 'success',
  PerContainer: [{ Container: 'web', Current: 'x:1', Target }],
});
const failed = (message: string) => ({ Status: 'failed', Error: message, PerContainer: null });

test('OUT-11 the line about a release names images, workloads, user and message', () => {
  const summary = summarizeEvent({
    type: 'release',
    objects: ['a', 'b'],
    ...at,
    metadata: {
      Revision: hash(1),
      result: { a: updated('x:2'), b: updated('x:2') },
      spec: { Type: 'releaseImageSpecType', ReleaseImageSpec: { ServiceSpecs: ['a', 'b'] }, ReleaseContainersSpec: null },
      cause: { Message: 'hi', User: 'Ann' },
    },
  });
  expect(summary).toBe('Released: x:2 to a, b, by Ann, with message "hi"');
});

describe('OUT-13 the line about a sync', () => {
  test.each<[name: string, commits: readonly number[], objects: readonly string[], line: string]>([
    ['of one commit names it', [1], ['shop:configmap/prices'], 'Sync: 1111111, shop:configmap/prices'],
    ['of two names the newer', [1, 2], ['a', 'b'], 'Sync: 1111111, a, b'],
    ['of more names the oldest and the newest', [1, 2, 3], ['a'], 'Sync: 3333333..1111111, a'],
    ['of none says so', [], ['a'], 'Sync: <no revision>, a'],
    ['that changed nothing says so', [1], [], 'Sync: 1111111, no workloads changed'],
  ])('%s', (_name, digits, objects, line) => {
    const commits = digits.map((digit) => ({ revision: hash(digit), message: '' }));
    expect(summarizeEvent({ type: 'sync', objects, ...at, metadata: { commits, includes: {} } })).toBe(line);
  });
});

const image = { ServiceSpecs: ['<all>'], ImageSpec: 'x:2', Kind: 'execute', Excludes: null, Force: false };
const cause = { Message: 'hi', User: 'Ann' };

/** The event of a release whose commit, with this result in its note, was synced. */
function released(result: EventResult) {
  const commit = { revision: hash(1), subject: '', author: { name: '', email: '' }, trailers: [], committedAt: 0, ours: true };
  const note = JSON.stringify({ jobID: 'j', spec: { type: 'image', cause, spec: image }, result });
  const synced = newCommits([commit], { [commit.revision]: note });
  const events = createSyncEvents().of(outcomeOf({ revision: commit.revision, previous: hash(0), newCommits: synced }));
  return events.find(({ type }) => type === 'release');
}

test('OUT-14 the event of a release tells what was asked for, and by whom', () => {
  expect(released({ a: updated('x:2') })).toMatchObject({
    metadata: {
      spec: { Type: 'releaseImageSpecType', ReleaseImageSpec: image, ReleaseContainersSpec: null },
      cause,
    },
  });
});

test.each<[name: string, result: EventResult, error: string | undefined]>([
  ['none failed', { a: updated('x:2') }, undefined],
  ['one failed', { a: updated('x:2'), b: failed('no') }, 'b failed: no'],
  ['two failed', { b: failed('no'), c: failed('never') }, 'Multiple workloads failed: b, c'],
])('OUT-22 the event of a release of which %s says so', (_name, result, error) => {
  const { metadata } = released(result) ?? {};
  expect(metadata && 'error' in metadata ? metadata.error : undefined).toBe(error);
});
