import { describe, expect, test } from 'vitest';
import { hasPolicy, policiesOf, policyChanges } from '../../src/policy/index.ts';

describe('annotations as policies', () => {
  test.each<[id: string, annotation: readonly [string, string], policy: readonly [string, string]]>([
    ['POL-5 under the prefix of today', ['fluxcd.io/automated', 'true'], ['automated', 'true']],
    ['POL-7 under the prefix for filters', ['filter.fluxcd.io/web', 'semver:~1'], ['tag.web', 'semver:~1']],
    ['POL-8 a filter by the name of its policy', ['fluxcd.io/tag.web', 'glob:v*'], ['tag.web', 'glob:v*']],
    ['POL-10 with another word than true', ['fluxcd.io/ignore', 'sync_only'], ['ignore', 'sync_only']],
  ])('%s', (_id, [key, value], policy) => {
    expect([...policiesOf({ [key]: value })]).toEqual([policy]);
  });

  test('POL-1, POL-10, POL-11 are on with "true" and nothing else', () => {
    const policies = policiesOf({
      'fluxcd.io/ignore': 'true',
      'fluxcd.io/locked': 'true',
      'fluxcd.io/locked_user': 'ann@acme.dev',
    });
    expect([hasPolicy(policies, 'ignore'), hasPolicy(policies, 'locked')]).toEqual([true, true]);
    expect(policies.get('locked_user')).toBe('ann@acme.dev');
    const ignores = (value: string) => hasPolicy(policiesOf({ 'fluxcd.io/ignore': value }), 'ignore');
    expect(['sync_only', 'false', 'True', 'yes', ' true', ''].map(ignores)).toEqual([false, false, false, false, false, false]);
  });
});

describe('a policy update', () => {
  const containers = [{ name: 'web' }, { name: 'log' }];

  test('POL-14 for all tags is one for each container', () => {
    const changes = policyChanges({ add: { tag_all: 'semver:~2' }, remove: null }, containers);
    expect(Object.fromEntries(changes)).toEqual({ 'tag.web': 'semver:~2', 'tag.log': 'semver:~2' });
  });

  test('POL-16 that adds and removes the same removes it', () => {
    const changes = policyChanges({ add: { locked: 'true' }, remove: { locked: 'true' } }, containers);
    expect([...changes]).toEqual([['locked', '']]);
  });
});
