import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ImageText, splitImage } from '../../../../src/manifests/kustomize/edit/image-text.ts';

/** `Split` of kustomize, line by line (sigs.k8s.io/kustomize/api v0.21.2, internal/image/image.go). */
function split(image: string): ImageText {
  const slash = Math.max(image.indexOf('/'), 0);
  const searched = image.slice(slash);
  const [id, ic] = [searched.indexOf('@'), searched.indexOf(':')];
  if (ic < 0 && id < 0) return { name: image, tag: '', digest: '' };
  const [at, colon] = [id + slash, ic + slash];
  if (id >= 0 && (id < ic || ic < 0)) return { name: image.slice(0, at), tag: '', digest: image.slice(at + 1) };
  if (id < 0) return { name: image.slice(0, colon), tag: image.slice(colon + 1), digest: '' };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1, at), digest: image.slice(at + 1) };
}

test.each<[string, ...string[]]>([
  ['nginx', 'nginx', '', ''],
  ['nginx:1.0', 'nginx', '1.0', ''],
  ['nginx@sha256:abc', 'nginx', '', 'sha256:abc'],
  ['nginx:1.0@sha256:abc', 'nginx', '1.0', 'sha256:abc'],
  ['localhost:5000/nginx', 'localhost:5000/nginx', '', ''],
  ['localhost:5000/team/nginx:1@sha256:abc', 'localhost:5000/team/nginx', '1', 'sha256:abc'],
  ['[::1]:5000/nginx:1', '[::1]:5000/nginx', '1', ''],
  ['/nginx:1', '/nginx', '1', ''],
  ['nginx:', 'nginx', '', ''],
  ['', '', '', ''],
])('%s', (image, ...parts) => {
  expect(Object.values(splitImage(image))).toEqual(parts);
});

test('any text is divided as kustomize divides it', () => {
  const part = fc.constantFrom(':', '@', '/', 'a', 'b', '1', '.', '\n');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      expect(splitImage(parts.join(''))).toEqual(split(parts.join('')));
    }),
    { numRuns: 2_000 },
  );
});
