import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { Approvals } from '../../../src/controller/sync/approvals.ts';
import { changeOf } from '../../support/changes.ts';

const held = (name: string, approval: string | undefined = 'abc', uid = `uid-${name}`): Change => ({
  id: `shop:configmap/${name}`,
  inGit: false,
  outcome: 'held',
  reason: 'too many',
  uid,
  ...(approval === undefined ? {} : { approval }),
});
const deletion = (name: string) => ({ id: `shop:configmap/${name}`, uid: `uid-${name}` });
const deleted = (name: string): Change => ({ ...deletion(name), inGit: false, outcome: 'deleted', reason: 'no longer in Git' });

function approvedOf(...changes: readonly Change[]): Approvals {
  const approvals = new Approvals();
  approvals.update(changes);
  approvals.approve('abc');
  return approvals;
}

describe('an approval of deletions (R-021)', () => {
  test('is for the list that is held, object by object', () => {
    const approvals = approvedOf(held('a'), held('b'), changeOf('shop:configmap/kept', 'held'));
    expect(approvals.approved).toEqual([deletion('a'), deletion('b')]);
    expect(approvals.held()).toEqual({
      hash: 'abc',
      deletions: [
        { ...deletion('a'), reason: 'too many' },
        { ...deletion('b'), reason: 'too many' },
      ],
      approved: { hash: 'abc', deletions: [deletion('a'), deletion('b')] },
    });
  });

  test('is carried out by syncs that are requested with it or later, not by one that is about to begin', () => {
    const approvals = approvedOf(held('a'), held('b'));
    expect(approvals.inForce).toEqual({ approved: [], approvedOrphans: [] });
    approvals.takeEffect();
    expect(approvals.inForce).toEqual({ approved: [deletion('a'), deletion('b')], approvedOrphans: [] });
    approvals.update([deleted('a'), held('b')]);
    expect(approvals.inForce.approved).toEqual([deletion('b')]);
  });

  test('of another list is refused, and the present one named', () => {
    const approvals = new Approvals();
    expect(() => approvals.approve('abc')).toThrow('no list abc of deletions waits for approval');
    approvals.update([held('a', 'now')]);
    expect(() => approvals.approve('abc')).toThrow('the list of held deletions is not abc: it is now now');
    expect(approvals.approved).toEqual([]);
  });

  test('does not take in what is held for other reasons', () => {
    const foreign: Change = { ...held('foreign'), approval: undefined } as never;
    expect(approvedOf(held('a'), foreign).approved).toEqual([deletion('a')]);
  });

  test('lasts over syncs in which something else holds the deletions, and over those in which they are not seen', () => {
    const approvals = approvedOf(held('a'), held('b'));
    approvals.update([{ ...held('a'), approval: undefined, reason: 'a file could not be read' } as never]);
    approvals.update([]);
    expect(approvals.approved).toHaveLength(2);
  });

  test('is used up object by object', () => {
    const approvals = approvedOf(held('a'), held('b'));
    approvals.update([
      deleted('a'),
      { ...deletion('b'), inGit: false, outcome: 'failed', error: new FluxError('denied', { code: 'x/y' }) },
    ]);
    expect(approvals.approved).toEqual([deletion('b')]);
    expect(approvals.held().deletions).toEqual([{ ...deletion('b'), reason: 'denied' }]);
    approvals.update([deleted('b')]);
    expect(approvals.held()).toEqual({ deletions: [] });
  });

  test('ends for an object that is in Git again', () => {
    const approvals = approvedOf(held('a'), held('b'));
    approvals.update([changeOf('shop:configmap/a', 'unchanged'), held('b')]);
    expect(approvals.approved).toEqual([deletion('b')]);
  });

  test('gives way to a newer one', () => {
    const approvals = approvedOf(held('a'));
    approvals.update([held('b', 'def')]);
    approvals.approve('def');
    expect(approvals.approved).toEqual([deletion('b')]);
  });
});

describe('an approval of the deletion of orphans (R-022)', () => {
  const orphan = (name: string, uid = `uid-${name}`) => ({ id: `shop:configmap/${name}`, uid });

  test('is for those that the last sync saw, by id and uid, or for none', () => {
    const approvals = new Approvals();
    approvals.update([], [orphan('a'), orphan('b'), { id: 'shop:configmap/odd' }]);
    expect(approvals.held()).toEqual({ deletions: [], orphans: [orphan('a'), orphan('b'), { id: 'shop:configmap/odd' }] });
    for (const wrong of [orphan('c'), orphan('b', 'uid-a')])
      expect(() => approvals.approveOrphans([orphan('a'), wrong])).toThrow('is not among the orphans of the last sync');
    expect(approvals.approvedOrphans).toEqual([]);
    approvals.approveOrphans([orphan('a')]);
    expect(approvals.approvedOrphans).toEqual([orphan('a')]);
    expect(approvals.approved).toEqual([]);
  });

  test('lasts until it is deleted or in Git', () => {
    const approvals = new Approvals();
    approvals.update([], [orphan('a'), orphan('b'), orphan('c')]);
    approvals.approveOrphans([orphan('a'), orphan('b')]);
    approvals.approveOrphans([orphan('c')]);
    approvals.update([{ ...held('a'), approval: undefined } as never]);
    expect(approvals.approvedOrphans).toHaveLength(3);
    approvals.update([deleted('a'), changeOf('shop:configmap/b', 'configured')]);
    expect(approvals.approvedOrphans).toEqual([orphan('c')]);
  });

  test('leaves that of a list alone', () => {
    const approvals = approvedOf(held('a'));
    approvals.update([held('a')], [orphan('b')]);
    approvals.approveOrphans([orphan('b')]);
    approvals.update([deleted('b')]);
    expect([approvals.approved, approvals.approvedOrphans]).toEqual([[deletion('a')], []]);
  });
});
