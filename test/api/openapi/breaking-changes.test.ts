import { expect, test } from 'vitest';
import { breakingChanges } from './breaking-changes.ts';

/** A document of one operation. */
function documentOf(operation: object, schemas: object = {}) {
  return { paths: { '/x': { get: { operationId: 'x', responses: {}, ...operation } } }, components: { schemas } };
}
const answering = (schema: object, schemas: object = {}) =>
  documentOf({ responses: { 200: { content: { 'application/json': { schema } } } } }, schemas);
const taking = (schema: object, required = false) =>
  documentOf({ requestBody: { required, content: { 'application/json': { schema } } } });
const asking = (...parameters: readonly object[]) => documentOf({ parameters });
const object = (properties: object, required: readonly string[] = [], more: object = {}) => ({
  type: 'object',
  properties,
  required,
  ...more,
});
const text = { type: 'string' };
const limit = { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } };

const BREAKING: readonly (readonly [object, object, string])[] = [
  [documentOf({}), { paths: {} }, 'GET /x: is gone'],
  [documentOf({}), documentOf({ operationId: 'y' }), 'GET /x: operationId is y, was x'],
  [asking(limit), asking(), 'GET /x: query parameter limit is gone'],
  [asking(limit), asking({ ...limit, required: true }), 'GET /x: query parameter limit is required now'],
  [asking(), asking({ ...limit, required: true }), 'GET /x: query parameter limit is new and required'],
  [
    asking(limit),
    asking({ ...limit, schema: { type: 'integer', maximum: 10 } }),
    'GET /x query parameter limit: maximum is 10, was 100',
  ],
  [taking(text), taking(text, true), 'GET /x: a body is required now'],
  [taking(text), documentOf({}), 'GET /x: a body of application/json is no longer taken'],
  [taking(object({ a: text })), taking(object({ a: text }, ['a'])), 'GET /x body: a is required now'],
  [taking(object({ a: text })), taking(object({}, [], { additionalProperties: false })), 'GET /x body: a is no longer taken'],
  [taking(object({ a: text })), taking(object({ a: { type: 'number' } })), 'GET /x body.a: takes no string any more'],
  [taking({ enum: ['a', 'b'] }), taking({ enum: ['a'] }), 'GET /x body: takes no b any more'],
  [taking({ anyOf: [text, { type: 'null' }] }), taking({ anyOf: [text] }), 'GET /x body: choice null is gone'],
  [taking({}), taking(text), 'GET /x body: takes only string now'],
  [answering(text), documentOf({}), 'GET /x: answer 200 is gone'],
  [answering(object({ a: text })), answering(object({})), 'GET /x 200: a is gone'],
  [answering(object({ a: text }, ['a'])), answering(object({ a: text })), 'GET /x 200: a is not always there now'],
  [answering(text), answering({ type: ['string', 'null'] }), 'GET /x 200: may be null now'],
  [answering({ enum: ['a'] }), answering({ enum: ['a', 'b'] }), 'GET /x 200: may be b now'],
  [
    answering({ type: 'array', items: object({ a: text }) }),
    answering({ type: 'array', items: object({}) }),
    'GET /x 200[]: a is gone',
  ],
  [
    answering({ $ref: '#/components/schemas/A' }, { A: object({ a: text }) }),
    answering({ $ref: '#/components/schemas/B' }, { B: object({}) }),
    'GET /x 200: a is gone',
  ],
  [
    answering({ oneOf: [object({ type: { const: 'p' } }), object({ type: { const: 'q' }, b: text })] }),
    answering({ oneOf: [object({ type: { const: 'q' } }), object({ type: { const: 'p' } })] }),
    'GET /x 200<type=q>: b is gone',
  ],
];
test.each(BREAKING)('%j → %j breaks clients', (before, after, what) =>
  expect(breakingChanges(before as never, after as never)).toEqual([what]),
);

const HARMLESS: readonly (readonly [object, object])[] = [
  [{ paths: {} }, documentOf({})],
  [asking(), asking(limit)],
  [asking(limit), asking({ ...limit, schema: { type: 'integer', maximum: 1000 } })],
  [taking(text, true), taking(text)],
  [taking(object({ a: text }, ['a'])), taking(object({ a: text, b: text }))],
  [taking({ enum: ['a'] }), taking({ enum: ['a', 'b'] })],
  [answering(object({ a: text })), answering(object({ a: text, b: text }, ['a', 'b']))],
  [answering(object({ a: text })), answering({ $ref: '#/components/schemas/A' }, { A: object({ a: text }) })],
];
test.each(HARMLESS)('%j → %j does not', (before, after) => expect(breakingChanges(before as never, after as never)).toEqual([]));
