import { describe, expect, test } from 'vitest';
import { annotationKeyFor, policiesOf, policyChanges } from '../../src/policy/index.ts';

describe('policies of annotations', () => {
  test('are read under three prefixes and nothing else', () => {
    const policies = policiesOf({
      'fluxcd.io/automated': 'true',
      'flux.weave.works/locked': 'true',
      'filter.fluxcd.io/web': 'semver:~1',
      'fluxcd.io/tag.log': 'glob:v*',
      'tag.fluxcd.io/x': 'image.tag',
      'linkerd.io/inject': 'no',
    });
    expect(Object.fromEntries(policies)).toEqual({
      automated: 'true',
      locked: 'true',
      'tag.web': 'semver:~1',
      'tag.log': 'glob:v*',
    });
  });

  test('given twice are decided by prefix, in whatever order they stand', () => {
    const annotations = {
      'fluxcd.io/tag.web': 'glob:current',
      'flux.weave.works/tag.web': 'glob:legacy',
      'filter.fluxcd.io/web': 'glob:filter',
    };
    const reversed = Object.fromEntries(Object.entries(annotations).reverse());
    expect(policiesOf(annotations).get('tag.web')).toBe('glob:current');
    expect(policiesOf(reversed).get('tag.web')).toBe('glob:current');
    expect(policiesOf({ 'filter.fluxcd.io/web': 'f', 'flux.weave.works/tag.web': 'l' }).get('tag.web')).toBe('l');
  });

  test('count when YAML made a boolean of them', () => {
    const annotations = JSON.parse(
      '{"fluxcd.io/ignore":true,"fluxcd.io/locked":null,"__proto__":{"fluxcd.io/automated":"true"}}',
    );
    expect(Object.fromEntries(policiesOf(annotations))).toEqual({ ignore: 'true' });
    expect(policiesOf(undefined).size).toBe(0);
  });

  test('of one container have a second form, for long names; the first form wins', () => {
    const long = 'c'.repeat(63);
    expect([...policiesOf({ [`ban.fluxcd.io/${long}`]: '1.2' })]).toEqual([[`ban.${long}`, '1.2']]);
    expect(policiesOf({ 'fluxcd.io/ban.web': 'a', 'ban.fluxcd.io/web': 'b' }).get('ban.web')).toBe('a');
    expect(policiesOf({ 'tag.fluxcd.io/web': 'image.tag' }).size).toBe(0); // a path in a HelmRelease
  });
});

test.each([
  [{}, 'locked', 'fluxcd.io/locked'],
  [{ 'flux.weave.works/automated': 'true' }, 'automated', 'flux.weave.works/automated'],
  [{ 'filter.fluxcd.io/web': 'glob:*' }, 'tag.web', 'filter.fluxcd.io/web'],
  [{ 'filter.fluxcd.io/web': 'a', 'flux.weave.works/tag.web': 'b' }, 'tag.web', 'flux.weave.works/tag.web'],
  [{ 'flux.weave.works/tag.web': 'b', 'fluxcd.io/tag.web': 'c' }, 'tag.web', 'fluxcd.io/tag.web'],
  [{ 'filter.fluxcd.io/locked': 'a' }, 'locked', 'fluxcd.io/locked'],
  [{}, 'constructor', 'fluxcd.io/constructor'],
  [{}, 'ban.web', 'fluxcd.io/ban.web'],
  [{ 'ban.fluxcd.io/web': '1' }, 'ban.web', 'ban.fluxcd.io/web'],
  [{ 'ban.fluxcd.io/web': '1', 'fluxcd.io/ban.web': '2' }, 'ban.web', 'fluxcd.io/ban.web'],
  [{ 'pin.fluxcd.io/web': 'true' }, 'pin.web', 'pin.fluxcd.io/web'],
  [{}, `ban.${'c'.repeat(59)}`, `fluxcd.io/ban.${'c'.repeat(59)}`],
  [{}, `ban.${'c'.repeat(60)}`, `ban.fluxcd.io/${'c'.repeat(60)}`],
  [{}, `tag.${'c'.repeat(60)}`, `filter.fluxcd.io/${'c'.repeat(60)}`],
  [{}, 'c'.repeat(64), `fluxcd.io/${'c'.repeat(64)}`],
])('on %j the policy %s is edited under %s', (existing, policy, key) => {
  expect(annotationKeyFor(existing, policy)).toBe(key);
});

describe('a policy update', () => {
  const containers = [{ name: 'web' }, { name: 'log' }];
  const changes = (add: Record<string, string> | null, remove: Record<string, string> | null = null) =>
    [...policyChanges({ add, remove }, containers)].map(([name, value]) => `${name}=${value}`);

  test('sets and removes, in sorted order', () => {
    expect(changes({ locked_user: 'ann', locked: 'true' }, { automated: 'true' })).toEqual([
      'automated=',
      'locked=true',
      'locked_user=ann',
    ]);
    expect(changes(null, null)).toEqual([]);
  });

  test('with tag_all sets every container, over one named beside it', () => {
    expect(changes({ tag_all: 'semver:~2', 'tag.web': 'glob:x' })).toEqual(['tag.log=semver:~2', 'tag.web=semver:~2']);
    expect(changes({ tag_all: 'glob:*' })).toEqual(['tag.log=', 'tag.web=']);
    expect(changes(null, { tag_all: 'true' })).toEqual([]);
  });

  test('stores a pattern as sent, also for a container that is not there', () => {
    expect(changes({ 'tag.nosuch': 'rel-1' })).toEqual(['tag.nosuch=rel-1']);
  });

  test.each([{ 'tag.web': 'semver:nope' }, { tag_all: 'semver:nope' }])('with an invalid pattern %j is refused', (add) => {
    const error = expect.objectContaining({ message: 'invalid tag pattern: "semver:nope"', fault: 'user' });
    expect(() => changes(add)).toThrow(error);
    expect(() => policyChanges({ add, remove: null }, [])).toThrow(error);
  });
});
