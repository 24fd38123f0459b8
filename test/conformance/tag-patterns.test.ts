import { describe, expect, test } from 'vitest';
import { newest, parseTagPattern, policiesOf, sortImages, tagPatternFor } from '../../src/policy/index.ts';
import { describeDecision, planAutomation } from '../../src/update/index.ts';
import { repositoryOf } from '../update/repository.ts';

describe('a tag pattern', () => {
  test.each<[id: string, text: string, canonical: string, yes: readonly string[], no: readonly string[]]>([
    ['TAG-1 without prefix is a glob', '*', 'glob:*', ['', '7', 'main'], []],
    ['TAG-2 with prefix is the same', 'glob:*', 'glob:*', ['', '7', 'main'], []],
    ['TAG-4 may hold several stars', 'glob:*-arm*', 'glob:*-arm*', ['1.2-arm64'], ['1.2-amd64', '1.2-ARM64']],
    ['TAG-5 takes a question mark as it is', 'v1.?', 'glob:v1.?', ['v1.?'], ['v1.2']],
    ['TAG-7 of any version matches no pre-release', 'semver:*', 'semver:*', ['1.2.3'], ['', 'main', '3.1.4-beta.2']],
    ['TAG-8 of one major version', 'semver:~2', 'semver:~2', ['v2', '2', '2.5', '2.5.9'], ['', 'latest', '3.0.0']],
    ['TAG-10 of a range', 'semver:>=1.2 <1.4', 'semver:>=1.2 <1.4', ['1.2.0', '1.3.8'], ['1.1.9', '1.4.0']],
    ['TAG-11 of a compatible 0.x version', 'semver:^0.3.1', 'semver:^0.3.1', ['0.3.5'], ['0.4.0']],
    ['TAG-13 by an expression for anything', 'regexp:(.*)', 'regexp:(.*)', ['', '1', 'abc'], []],
    ['TAG-14 by an expression', 'regexp:^[a-f]+$', 'regexp:^[a-f]+$', ['face', 'abc'], ['ab1', 'a-b']],
    ['TAG-16 by an expression that is found anywhere', 'regexp:1\\.2', 'regexp:1\\.2', ['v1.2-x'], ['1-2']],
  ])('%s', (_id, text, canonical, yes, no) => {
    const pattern = parseTagPattern(text);
    expect(pattern).toMatchObject({ text: canonical, valid: true });
    expect(yes.filter((tag) => !pattern.matches(tag))).toEqual([]);
    expect(no.filter((tag) => pattern.matches(tag))).toEqual([]);
  });

  test('TAG-17 whose range is none is invalid', () => {
    expect(parseTagPattern('semver:not a range').valid).toBe(false);
  });

  test('TAG-19 needs creation times unless it orders by version', () => {
    expect(['glob:*', 'regexp:x', 'semver:*'].map((text) => parseTagPattern(text).needsTimes)).toEqual([true, true, false]);
  });

  test('TAG-20, TAG-22 of a container is what its policy says, else every tag', () => {
    expect(tagPatternFor(new Map(), 'web').text).toBe('glob:*');
    expect(tagPatternFor(policiesOf({ 'fluxcd.io/tag.web': 'glob:rel-*' }), 'web').text).toBe('glob:rel-*');
  });
});

describe('images are filtered, sorted and chosen', () => {
  const images = (tags: string) => tags.split(' ').map((tag) => ({ ref: `acme/web:${tag}`, tag }));

  test.each([
    ['TAG-23 latest by the pattern for it', 'latest r1', 'glob:latest', 'latest'],
    ['TAG-23 … without prefix', 'latest r1', 'latest', 'latest'],
    ['TAG-25 latest by no other glob', 'latest', 'glob:lat*', ''],
    ['TAG-25 … by no expression', 'latest', 'regexp:^latest$', ''],
    ['TAG-25 … in no other spelling', 'LATEST', '*', ''],
    ['TAG-26 versions, newest first', 'latest v0.4.0 2.0.0', 'semver:*', '2.0.0 v0.4.0'],
  ])('%s', (_id, tags, text, expected) => {
    const pattern = parseTagPattern(text);
    const kept = sortImages(
      images(tags).filter(({ tag }) => pattern.matches(tag)),
      pattern,
    );
    expect(kept.map(({ tag }) => tag).join(' ')).toBe(expected);
  });

  test.each([
    ['TAG-28 by time, whatever the text', 'glob:rel-*', { 'rel-1': 30, 'rel-2': 20 }, 'rel-1'],
    ['TAG-29 by version, whatever the time', 'semver:*', { '1.9.0': 100, '1.10.0': 5 }, '1.10.0'],
  ])('%s', (_id, text, times, expected) => {
    const all = Object.entries(times).map(([tag, createdAt]) => ({ ref: tag, tag, createdAt }));
    expect(newest(all, parseTagPattern(text))?.tag).toBe(expected);
  });
});

describe('what is not known of tags', () => {
  const file = (pattern: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    fluxcd.io/automated: 'true'
    fluxcd.io/tag.web: '${pattern}'
spec: {template: {spec: {containers: [{name: web, image: acme/web:v1}]}}}
`;
  const plan = async (pattern: string, unread: string) => {
    const running = ['default:deployment/web'];
    const tags = { v1: { createdAt: 1 }, v2: { createdAt: 2 }, [unread]: null };
    const context = await repositoryOf(
      { 'web.yaml': file(pattern) },
      { running, registry: { 'index.docker.io/acme/web': tags } },
    );
    const { decisions } = await planAutomation(context);
    return decisions.map(({ decision }) => describeDecision(decision).replace('update to ', ''));
  };

  test.each(['semver:*', 'glob:*'])('TAG-34 does not matter of those that the pattern does not want: %s', async (pattern) => {
    expect(await plan(pattern, 'latest')).toEqual(['acme/web:v2']);
  });

  test('IMG-41 holds up a choice by time', async () => {
    expect(await plan('glob:*', 'v7')).toEqual(['inconsistent repository metadata: missing metadata for image tag "v7"']);
  });

  test('TAG-35 does not matter to a choice by version, here', async () => {
    expect(await plan('semver:*', 'v7')).toEqual(['acme/web:v7']);
  });
});
