import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalName,
  canonicalRef,
  formatImageRef,
  formatName,
  parseImageRef,
  sameImage,
  withTag,
} from '../../src/image/index.ts';
import { processorMs } from '../support/processor.ts';

describe('parsing an image reference', () => {
  const digest = `sha256:${'ab'.repeat(32)}`;

  test.each([
    ['library/busybox', '', 'library/busybox', '', '', 'index.docker.io/library/busybox'],
    ['localhost/hello:v1', 'localhost', 'hello', 'v1', '', 'localhost/hello'],
    ['acme/echo:2@sha256:ff00', '', 'acme/echo', '2', 'sha256:ff00', 'index.docker.io/acme/echo'],
    [`org/app@${digest}`, '', 'org/app', '', digest, 'index.docker.io/org/app'],
    ['name@sha512:ff', '', 'name@sha512', 'ff', '', 'index.docker.io/library/name@sha512'],
    ['Org/App:UP', '', 'Org/App', 'UP', '', 'index.docker.io/Org/App'],
    ['registry:5000/app:1', 'registry:5000', 'app', '1', '', 'registry:5000/app'],
    ['registry:5000/app', 'registry:5000', 'app', '', '', 'registry:5000/app'],
    ['a/b/c:t', 'a', 'b/c', 't', '', 'a/b/c'],
  ])('%s', (text, domain, image, tag, hash, canonical) => {
    const ref = parseImageRef(text);
    expect(ref).toEqual({ domain, image, tag, digest: hash });
    expect(formatImageRef(ref)).toBe(text);
    expect(canonicalName(ref)).toBe(canonical);
  });

  test.each(['registry', 'weaveworks', 'mylocalhostx'])('%s is no registry host', (first) => {
    expect(parseImageRef(`${first}/x`)).toMatchObject({ domain: '', image: `${first}/x` });
  });

  const expected = 'expected image name as either <image>:<tag> or just <image>: invalid image ID';
  test.each([
    ['/', `parsing "/": ${expected}`],
    ['@sha256:ff', `parsing "@sha256:ff": ${expected}`],
    ['acme/api:', `parsing "acme/api:": ${expected}`],
    [':1', `parsing ":1": ${expected}`],
    ['a"b:', `parsing "a\\"b:": ${expected}`],
  ])('%j is refused in the words of Flux v1', (text, message) => {
    expect(() => parseImageRef(text)).toThrow(expect.objectContaining({ message, code: 'image/bad-reference', fault: 'user' }));
  });

  test('whatever it accepts, it prints back unchanged', () => {
    const piece = fc.string({ unit: fc.constantFrom(...'ab1.:@/-_A', 'sha256', '@sha256:', 'localhost'), maxLength: 14 });
    fc.assert(
      fc.property(piece, (text) => {
        const ref = attempt(text);
        if (ref) expect(formatImageRef(ref)).toBe(text);
      }),
      { numRuns: 3000 },
    );
  });

  test('hostile text of 100 KiB takes no time (S-032)', () => {
    for (const text of ['a/'.repeat(51_200), ':'.repeat(102_400), '@sha256:'.repeat(12_800), `${'.'.repeat(102_400)}/x`]) {
      expect(processorMs(() => attempt(text))).toBeLessThan(2000);
    }
  });
});

describe('a reference with another tag', () => {
  test('loses the digest of the old image, or gets that of the new one', () => {
    const ref = parseImageRef('acme/api:1@sha256:aa');
    expect(formatImageRef(withTag(ref, '2'))).toBe('acme/api:2');
    expect(formatImageRef(withTag(ref, '2', 'sha256:bb'))).toBe('acme/api:2@sha256:bb');
  });
});

describe('the canonical form', () => {
  test('keeps tag and digest and is its own canonical form', () => {
    const canonical = canonicalRef(parseImageRef('alpine:mytag'));
    expect(formatImageRef(canonical)).toBe('index.docker.io/library/alpine:mytag');
    expect(canonicalRef(canonical)).toEqual(canonical);
    expect(formatName(canonical)).toBe('index.docker.io/library/alpine');
  });

  test('makes spellings of one image the same image, and keeps others apart', () => {
    const same = (a: string, b: string) => sameImage(parseImageRef(a), parseImageRef(b));
    expect(same('alpine:3', 'docker.io/library/alpine@sha256:aa')).toBe(true);
    expect(same('acme/web', 'index.docker.io/acme/web:1')).toBe(true);
    expect(same('ghcr.io/acme/web', 'acme/web')).toBe(false);
    expect(same('quay.io/alpine', 'quay.io/library/alpine')).toBe(false);
  });
});

function attempt(text: string) {
  try {
    return parseImageRef(text);
  } catch {
    return undefined;
  }
}
