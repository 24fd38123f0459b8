import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FieldsV1, splitFields, unionFields } from '../../../src/cluster/object/fields-v1.ts';

/** A value as manifests have them, and the set of all its fields as an API server would write it. */
const scalar = fc.oneof(fc.integer(), fc.string({ maxLength: 3 }), fc.boolean());
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.dictionary(fc.stringMatching(/^[a-c]$/), tie('value'), { maxKeys: 3 }),
    fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[x-z]$/), more: scalar }), {
      selector: ({ name }) => name,
      maxLength: 3,
    }),
  ),
})).value;
const object = fc.dictionary(fc.stringMatching(/^[a-c]$/), value, { maxKeys: 3 });

function fieldsOf(of: unknown): FieldsV1 {
  if (Array.isArray(of)) {
    const items = of.map((item: { name: string }) => [
      `k:${JSON.stringify({ name: item.name })}`,
      { '.': {}, ...fieldsOf(item) },
    ]);
    return Object.fromEntries(items);
  }
  if (typeof of !== 'object' || of === null) return {};
  return Object.fromEntries(Object.entries(of).map(([field, inner]) => [`f:${field}`, fieldsOf(inner)]));
}

/** Paths of all members; those of leaves and those marked by a dot. */
function members(fields: FieldsV1, path = ''): Set<string> {
  const found = new Set<string>();
  for (const [element, below] of Object.entries(fields)) {
    if (element === '.') found.add(path);
    else {
      const inner = below as FieldsV1;
      if (Object.keys(inner).length === 0) found.add(`${path}/${element}`);
      for (const each of members(inner, `${path}/${element}`)) found.add(each);
    }
  }
  return found;
}

const fields = object.map(fieldsOf);

describe('the union of two sets of fields', () => {
  test('has the members of both, and no others', () => {
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        expect(members(unionFields(a, b))).toEqual(new Set([...members(a), ...members(b)]));
      }),
    );
  });

  test('is the same in either order, and with itself nothing new', () => {
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        expect(members(unionFields(a, b))).toEqual(members(unionFields(b, a)));
        expect(unionFields(a, a)).toEqual(a);
        expect(unionFields(a, {})).toEqual(a);
      }),
    );
  });

  test('keeps what is a member itself beside what is below it', () => {
    const whole: FieldsV1 = { 'f:labels': {} };
    const parts: FieldsV1 = { 'f:labels': { 'f:a': {} } };
    expect(unionFields(whole, parts)).toEqual({ 'f:labels': { '.': {}, 'f:a': {} } });
    expect(unionFields(parts, whole)).toEqual({ 'f:labels': { '.': {}, 'f:a': {} } });
  });
});

describe('a set of fields split by a value', () => {
  test('is whole again when its parts are joined', () => {
    fc.assert(
      fc.property(object, object, (owned, applied) => {
        const all = fieldsOf(owned);
        const { inside = {}, outside = {} } = splitFields(all, applied);
        expect(members(unionFields(inside, outside))).toEqual(members(all));
      }),
    );
  });

  test('has all that the value has inside, and nothing outside', () => {
    fc.assert(
      fc.property(object, (applied) => {
        const { inside = {}, outside } = splitFields(fieldsOf(applied), applied);
        expect(inside).toEqual(fieldsOf(applied));
        expect(outside).toBeUndefined();
      }),
    );
  });

  test('tells list items by key, with keys left out that have a default, and items of sets by value', () => {
    const owned: FieldsV1 = {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} }, 'k:{"port":81,"protocol":"TCP"}': { '.': {} } },
      'f:finalizers': { 'v:"a"': {}, 'v:"b"': {} },
    };
    expect(splitFields(owned, { ports: [{ port: 80 }], finalizers: ['b'] })).toEqual({
      inside: { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } }, 'f:finalizers': { 'v:"b"': {} } },
      outside: { 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { '.': {} } }, 'f:finalizers': { 'v:"a"': {} } },
    });
  });

  test('takes anything for a set, whoever wrote it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (any, applied) => {
        splitFields(any, applied);
        unionFields(any, any);
      }),
    );
  });
});
