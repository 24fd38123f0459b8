import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSeal, FluxError } from '../../../src/base/index.ts';
import { bucketOf, bucketsFor, decodeKnown, encodeKnown } from '../../../src/registry-watch/cache/known-tags.ts';
import { isFresh, type TagRecord } from '../../../src/registry-watch/cache/record.ts';
import { decodeTags, encodeTags } from '../../../src/registry-watch/cache/tag-blocks.ts';

const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const time = fc.integer({ min: 0, max: 2 ** 45 });
const tag = fc.oneof(fc.stringMatching(/^\w[\w.-]{0,40}$/), fc.constantFrom('__proto__', 'constructor', 'latest'));
const tags = fc.uniqueArray(tag, { maxLength: 40 });

const record: fc.Arbitrary<TagRecord> = fc
  .record(
    {
      tag,
      check: fc.record(
        { served: digest, intervalMs: time, dueAt: time, failures: fc.nat(9) },
        { requiredKeys: ['intervalMs', 'dueAt', 'failures'] },
      ),
      info: fc.record(
        {
          digest,
          indexDigest: digest,
          imageId: digest,
          createdAt: time,
          createdNs: fc.nat(999_999),
          labels: fc.dictionary(fc.constantFrom('org.label-schema.build-date', 'x'), fc.string({ maxLength: 30 })),
          origin: fc.record(
            { source: fc.string({ maxLength: 30 }), revision: fc.string({ maxLength: 9 }) },
            { requiredKeys: [] },
          ),
          fetchedAt: time,
          error: fc
            .record({ message: fc.string({ maxLength: 200 }), help: fc.option(fc.string(), { nil: undefined }) })
            .map(({ message, help }) => new FluxError(message, { code: 'registry/x', ...(help === undefined ? {} : { help }) })),
        },
        { requiredKeys: ['labels', 'fetchedAt'] },
      ),
    },
    { requiredKeys: ['tag', 'check'] },
  )
  .map(({ info, ...rest }) => (info === undefined ? rest : { ...rest, info: { tag: rest.tag, ...info } }));

describe('entries of the image cache', () => {
  /** The blocks of a list, and its digest. */
  function encoded(list: readonly string[]) {
    const blocks: string[] = [];
    const encoding = encodeTags(list);
    for (let next = encoding.next(); ; next = encoding.next()) {
      if (next.done) return { blocks, digest: next.value };
      blocks.push(next.value);
    }
  }

  test('give back the list of tags, and none that lacks a block or has one of another list', async () => {
    await fc.assert(
      fc.asyncProperty(tags, tags, async (one, other) => {
        const { blocks, digest: id } = encoded(one);
        expect(await decodeTags(blocks, id)).toEqual(one);
        if (one.length > 0) expect(await decodeTags(blocks.slice(1), id)).toBeUndefined();
        if (JSON.stringify(one) !== JSON.stringify(other)) expect(await decodeTags(encoded(other).blocks, id)).toBeUndefined();
      }),
    );
  });

  test('cut a long list into blocks that every store accepts', async () => {
    const many = Array.from({ length: 100_000 }, (_, n) => `v${n}-${'x'.repeat(n % 100)}`);
    const { blocks, digest: id } = encoded(many);
    expect(Math.max(...blocks.map((block) => block.length))).toBeLessThan(300_000);
    expect(await decodeTags(blocks, id)).toEqual(many);
  });

  test('give back what is known of tags', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        expect(decodeKnown(encodeKnown(records))).toEqual(records);
      }),
    );
  });

  test('that are anything else say nothing, and do not throw', async () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.string(), async (some, id) => {
        expect(await decodeTags([some], id)).toBeUndefined();
        for (const { tag: name } of decodeKnown(some)) expect(name).toMatch(/^\w[\w.-]*$/);
      }),
    );
    expect(decodeKnown(JSON.stringify([{ tag: '../x', check: { intervalMs: 1, dueAt: 1, failures: 0 } }]))).toEqual([]);
  });

  test('are opened only under the key, and with the secret, that they were sealed with', () => {
    const bytes = fc.uint8Array({ maxLength: 50 });
    fc.assert(
      fc.property(fc.string(), fc.string(), bytes, fc.string(), fc.string(), (key, otherKey, payload, secret, otherSecret) => {
        const sealed = createSeal(secret).seal(key, payload);
        expect(createSeal(secret).open(key, sealed)).toEqual(Buffer.from(payload));
        if (key !== otherKey) expect(createSeal(secret).open(otherKey, sealed)).toBeUndefined();
        if (secret !== otherSecret) expect(createSeal(otherSecret).open(key, sealed)).toBeUndefined();
        for (let at = 0; at < sealed.length; at += 7) {
          const flipped = sealed.map((byte, index) => (index === at ? byte ^ 16 : byte));
          expect(createSeal(secret).open(key, flipped)).toBeUndefined();
        }
        expect(createSeal(secret).open(key, sealed.subarray(1))).toBeUndefined();
      }),
    );
  });

  test('have room for all that may be known', () => {
    expect([0, 1, 128, 129, 1000, 100_000, 1e9].map(bucketsFor)).toEqual([0, 1, 1, 2, 8, 1024, 1024]);
    fc.assert(fc.property(tag, fc.integer({ min: 1, max: 1024 }), (name, n) => bucketOf(name, n) >= 0 && bucketOf(name, n) < n));
  });
});

describe('a remembered list', () => {
  test.for([
    ['is in time until the next scan', 0, 60_000, 59_999, true],
    ['is not from then on', 0, 60_000, 60_000, false],
    ['may be a little ahead of the own clock', 130_000, 190_000, 100_000, true],
    ['may not be of the future', 170_000, 230_000, 100_000, false],
    ['may not rest for days', 0, 90_000_000, 100, false],
  ] as const)('%s', ([, scannedAt, nextAt, now, expected]) => {
    expect(isFresh({ scannedAt, nextAt }, now)).toBe(expected);
  });
});
