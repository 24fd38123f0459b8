import { describe, expect, test } from 'vitest';
import { canonicalName, canonicalRef, formatImageRef, parseImageRef, withTag } from '../../src/image/index.ts';
import { parseTagPattern, sortImages, type TaggedImage, tagPatternFor } from '../../src/policy/index.ts';

describe('an image reference is read and printed', () => {
  test.each<[id: string, text: string, parts: readonly [domain: string, image: string, tag: string], canonical: string]>([
    ['IMG-1 a bare name is on Docker Hub', 'busybox', ['', 'busybox', ''], 'index.docker.io/library/busybox'],
    ['IMG-2 with a tag', 'busybox:1.36-musl', ['', 'busybox', '1.36-musl'], 'index.docker.io/library/busybox:1.36-musl'],
    [
      'IMG-4 a short name of Docker Hub is kept',
      'docker.io/library/busybox',
      ['docker.io', 'library/busybox', ''],
      'index.docker.io/library/busybox',
    ],
    [
      'IMG-5 library/ is implied under every name of Docker Hub',
      'docker.io/busybox',
      ['docker.io', 'busybox', ''],
      'index.docker.io/library/busybox',
    ],
    ['IMG-5 … also the long one', 'index.docker.io/a', ['index.docker.io', 'a', ''], 'index.docker.io/library/a'],
    ['IMG-7 a host with a port', 'localhost:32000/api:v0.3', ['localhost:32000', 'api', 'v0.3'], 'localhost:32000/api:v0.3'],
    ['IMG-8 a host with dots', 'registry.acme.dev/api:v0.3', ['registry.acme.dev', 'api', 'v0.3'], 'registry.acme.dev/api:v0.3'],
    [
      'IMG-10 latest is a tag like others',
      'ghcr.io/acme/api:latest',
      ['ghcr.io', 'acme/api', 'latest'],
      'ghcr.io/acme/api:latest',
    ],
    [
      'IMG-11 a deep path',
      'localhost:32000/team/sub/deep/api:rc1',
      ['localhost:32000', 'team/sub/deep/api', 'rc1'],
      'localhost:32000/team/sub/deep/api:rc1',
    ],
    ['IMG-22 two parts, the first no host', 'acme/web', ['', 'acme/web', ''], 'index.docker.io/acme/web'],
    ['IMG-25 host, path and tag', 'ghcr.io/acme/api:7', ['ghcr.io', 'acme/api', '7'], 'ghcr.io/acme/api:7'],
  ])('%s: %s', (_id, text, [domain, image, tag], canonical) => {
    const ref = parseImageRef(text);
    expect(ref).toEqual({ domain, image, tag, digest: '' });
    expect(formatImageRef(ref)).toBe(text);
    expect(formatImageRef(canonicalRef(ref))).toBe(canonical);
    expect(canonical).toMatch(new RegExp(`^${canonicalName(ref)}`));
  });

  test.each(['localhost', 'localhost:80', 'acme.dev', 'acme.dev:8443', 'r.io', 'index.acme.com'])(
    'IMG-23 %s is a registry host',
    (host) => {
      expect(parseImageRef(`${host}/x`)).toMatchObject({ domain: host, image: 'x' });
    },
  );

  const expected = 'expected image name as either <image>:<tag> or just <image>: invalid image ID';
  test.each([
    ['IMG-14 nothing', '', 'parsing "": blank image name: invalid image ID'],
    ['IMG-16 a slash in front', '/acme/api', `parsing "/acme/api": ${expected}`],
    ['IMG-17 a slash at the end', 'acme/api/', `parsing "acme/api/": ${expected}`],
    ['IMG-19 two colons', 'acme/api:1:2', expected],
    ['IMG-20 an empty digest', 'acme/api@sha256:', `parsing "acme/api@sha256:": ${expected}`],
  ])('%s is refused', (_id, text, message) => {
    expect(() => parseImageRef(text)).toThrow(expect.objectContaining({ message, code: 'image/bad-reference', fault: 'user' }));
  });

  test('IMG-28 another tag makes another reference, and leaves the first', () => {
    const ref = parseImageRef('ghcr.io/acme/api:1');
    expect(formatImageRef(withTag(ref, '2'))).toBe('ghcr.io/acme/api:2');
    expect(formatImageRef(ref)).toBe('ghcr.io/acme/api:1');
  });
});

describe('images stand in order, newest first', () => {
  const image = (tag: string, createdAt?: number): TaggedImage => ({
    ref: `acme/web:${tag}`,
    tag,
    ...(createdAt === undefined ? {} : { createdAt }),
  });
  const versions = ['2', 'v1', '1.4', '1.3.9', '1.4.0', 'zz', 'nightly'];

  test.each<[id: string, pattern: string, images: readonly TaggedImage[], order: readonly string[]]>([
    [
      'IMG-35 by creation: equal times by reference, unknown times last',
      'glob:*',
      [image('b', 10), image('B', 20), image('a', 10), image('x'), image('y')],
      ['B', 'a', 'b', 'x', 'y'],
    ],
    [
      'IMG-37 by version: of equal ones the longer first, what is none last by name',
      'semver:*',
      versions.map((tag, time) => image(tag, time)),
      ['2', '1.4.0', '1.4', '1.3.9', 'v1', 'nightly', 'zz'],
    ],
    [
      'IMG-38 by version without any times',
      'semver:*',
      versions.map((tag) => image(tag)),
      ['2', '1.4.0', '1.4', '1.3.9', 'v1', 'nightly', 'zz'],
    ],
    [
      'IMG-40 by creation where nobody says how',
      tagPatternFor(new Map(), 'web').text,
      [image('1', 30), image('9', 10)],
      ['1', '9'],
    ],
  ])('%s', (_id, text, images, order) => {
    const sorted = sortImages(images, parseTagPattern(text));
    expect(sorted.map(({ tag }) => tag)).toEqual(order);
    expect(sortImages(images.toReversed(), parseTagPattern(text))).toEqual(sorted);
    expect(sortImages(sorted, parseTagPattern(text))).toEqual(sorted);
  });
});
