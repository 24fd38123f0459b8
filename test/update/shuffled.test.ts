import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { formatImageRef, type ImageInfo, type ImageRepository } from '../../src/image/index.ts';
import { decide } from '../../src/update/decide.ts';
import { describeDecision } from '../../src/update/decision.ts';

const NOW = Date.parse('2026-12-05T12:00:00Z');
const unreadable = new FluxError('gone', { code: 'registry/unreadable' });
/** Equal times, times that are not known, that the builder forged, and that are in the future. */
const METADATA: readonly (Partial<ImageInfo> | null)[] = [
  { createdAt: NOW - 1_000 },
  { createdAt: NOW - 1_000, createdNs: 7 },
  { createdAt: NOW - 2_000 },
  { createdAt: 0 },
  { createdAt: -1 },
  { createdAt: NOW + 10 * 365 * 86_400_000 },
  {},
  { error: unreadable },
  null,
];
const TAGS = ['1.0.0', '1.0', 'v1.0.0', '1.0.0+a', '1.1.0', '1.1.0-rc.1', 'latest', 'main-7', 'main-07', 'main-8'];
const PATTERNS = [
  { 'tag.web': 'semver:*' },
  { 'tag.web': 'glob:*' },
  { 'tag.web': 'glob:1.*' },
  { 'tag.web': 'glob:main-*', 'order.web': 'numeric:(\\d+)$' },
  { 'tag.web': 'glob:main-*', 'order.web': 'alphabetical:(\\d+)$' },
];

const tagged = fc.uniqueArray(fc.tuple(fc.constantFrom(...TAGS), fc.constantFrom(...METADATA)), {
  selector: ([tag]) => tag,
  minLength: 1,
});

function decisionFor(image: string, tags: readonly (readonly [string, Partial<ImageInfo> | null])[], policies: object) {
  const images = tags.flatMap(([tag, info]) =>
    info === null ? [] : [[tag, { tag, labels: {}, fetchedAt: 0, ...info }] as const],
  );
  const repository: ImageRepository = { tags: tags.map(([tag]) => tag), images: new Map(images), scannedAt: 1 };
  return decide({
    container: { name: 'web', image },
    inGit: new Map(Object.entries({ automated: 'true', ...policies })),
    images: { repository: () => repository },
  });
}

test('the order of a registry changes no decision, and an update is followed by none: 1,000 lists', () => {
  fc.assert(
    fc.property(
      tagged.chain((tags) => fc.tuple(fc.constant(tags), fc.shuffledSubarray(tags, { minLength: tags.length }))),
      fc.constantFrom(...PATTERNS),
      fc.constantFrom('acme/web:1.0.0', 'acme/web:main-7', 'acme/web:0.9', 'acme/web'),
      ([tags, shuffled], policies, image) => {
        const decision = decisionFor(image, tags, policies);
        const again = decisionFor(image, shuffled, policies);
        expect(again.state).toBe(decision.state);
        // What is not known is named in the order of the registry.
        if (decision.state !== 'unknown') expect(describeDecision(again)).toBe(describeDecision(decision));
        if (decision.state === 'update')
          expect(decisionFor(formatImageRef(decision.target), shuffled, policies).state).not.toBe('update');
      },
    ),
    { numRuns: 1_000 },
  );
});
