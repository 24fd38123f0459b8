import { describe, expect, test } from 'vitest';
import { decodeUpdateSpec } from '../../src/api/legacy/update-spec.ts';
import type { Rehearsed } from '../../ui/changes/act.ts';
import type { Plan } from '../../ui/changes/plan.ts';
import { dryRunRequest, policyRequest, rehearsedRequest, type UpdateRequest } from '../../ui/changes/spec.ts';

const id = 'shop:deployment/cart';
const jane = { user: 'Jane', isKnown: false, message: 'freeze' };

/** A request as fluxd reads it. */
const read = (request: UpdateRequest) => decodeUpdateSpec(JSON.stringify(request));

describe('a change of policies', () => {
  test.each([
    [
      { type: 'policy', id, change: 'automate' },
      { add: { automated: 'true' }, remove: {} },
    ],
    [
      { type: 'policy', id, change: 'deautomate' },
      { add: {}, remove: { automated: 'true' } },
    ],
    [
      { type: 'policy', id, change: 'lock' },
      { add: { locked: 'true', locked_user: 'Jane', locked_msg: 'freeze' }, remove: {} },
    ],
    [
      { type: 'policy', id, change: 'unlock' },
      { add: {}, remove: { locked: 'true', locked_msg: 'true', locked_user: 'true' } },
    ],
    [
      { type: 'ban', id, container: 'web', ban: '1.3.0' },
      { add: { 'ban.web': '1.3.0' }, remove: {} },
    ],
    [
      { type: 'unban', id, container: 'web', ban: '1.3.0' },
      { add: {}, remove: { 'ban.web': '1.3.0' } },
    ],
  ] as const)('%o is what fluxctl asks for', (act, change) => {
    expect(read(policyRequest(act, jane))).toEqual({
      type: 'policy',
      cause: { User: 'Jane', Message: 'freeze' },
      spec: { [id]: change },
    });
  });

  test('leaves it to fluxd to name a user whom it knows, but for the annotation of a lock', () => {
    expect(policyRequest({ type: 'policy', id, change: 'lock' }, { ...jane, isKnown: true })).toMatchObject({
      cause: { User: '' },
      spec: { [id]: { add: { locked_user: 'Jane' } } },
    });
  });

  test('names no one for a lock by no one known', () => {
    const request = policyRequest({ type: 'policy', id, change: 'lock' }, { user: '', isKnown: false, message: 'freeze' });
    expect(request.spec).toEqual({ [id]: { add: { locked: 'true' }, remove: {} } });
  });
});

const update = { container: 'cart', current: 'acme/cart:1.3.0', target: 'acme/cart:1.2.0' };
const wire = { Container: 'cart', Current: 'acme/cart:1.3.0', Target: 'acme/cart:1.2.0' };
const none = { User: '', Message: '' };

test.each<[act: Rehearsed, expected: object]>([
  [
    { type: 'release-newest' },
    { type: 'image', spec: { ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'plan', Excludes: null, Force: false } },
  ],
  [
    { type: 'release-newest', id },
    { type: 'image', spec: { ServiceSpecs: [id], ImageSpec: '<all latest>', Kind: 'plan', Excludes: null, Force: false } },
  ],
  [
    { type: 'release', id, update },
    { type: 'containers', spec: { Kind: 'plan', ContainerSpecs: { [id]: [wire] }, SkipMismatches: false, Force: false } },
  ],
  [
    { type: 'rollback', id },
    { type: 'rollback', spec: { Kind: 'plan', Workload: id, Container: '', To: '', Force: false } },
  ],
])('the dry run of %o commits nothing', (act, expected) => {
  expect(read(dryRunRequest(act))).toEqual({ cause: none, ...expected });
});

describe('what is confirmed is what the dry run showed', () => {
  const mail = 'shop:deployment/mail';
  const plan: Plan = {
    updates: [
      { id, ...update },
      { id, ...update, container: 'side' },
      { id: mail, ...update },
    ],
    notes: [],
  };

  test('of a release: these images, if those in Git are still the same', () => {
    expect(read(rehearsedRequest({ type: 'release-newest' }, plan, jane))).toEqual({
      type: 'containers',
      cause: { User: 'Jane', Message: 'freeze' },
      spec: {
        Kind: 'execute',
        ContainerSpecs: { [id]: [wire, { ...wire, Container: 'side' }], [mail]: [wire] },
        SkipMismatches: false,
        Force: false,
        RequireAll: true,
      },
    });
  });

  test('of a rollback: refused if it would be another one', () => {
    const act = { type: 'rollback', id } as const;
    expect(read(rehearsedRequest(act, { updates: [{ id, ...update }], notes: [] }, jane))).toMatchObject({
      type: 'rollback',
      spec: { Kind: 'execute', Workload: id, Expected: [wire] },
    });
  });
});
