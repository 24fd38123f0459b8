import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rounds } from '../support/sampled.ts';
import { type Answer, daemonOf, type Served, serve } from './daemon-fixture.ts';
import { ROUTES } from './routes.ts';

let api: Served;
beforeAll(async () => {
  api = await serve(daemonOf());
});
afterAll(() => api[Symbol.asyncDispose]());

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Bodies that are right, to be made wrong in one place or another. */
const RIGHT: readonly Json[] = [
  false,
  {},
  { revision: 'main' },
  { files: [{ path: 'a.yaml', content: 'a: 1' }] },
  { hash: '0123456789abcdef' },
  { orphans: [{ id: 'a:b/c', uid: 'u' }] },
  { Kind: 'git', Source: { URL: 'https://h/r', Branch: 'main' } },
  { Kind: 'image', Source: { Name: { Domain: 'h', Image: 'a/b' } } },
  { 'shop:deployment/cart': { add: { automated: 'true', 'tag.web': 'glob:*' }, remove: { locked: 'true' } } },
  { type: 'sync', cause: { Message: '', User: '' }, spec: {} },
  { type: 'policy', cause: { Message: 'm', User: 'u' }, spec: { 'a:deployment/b': { add: { locked: 'true' }, remove: {} } } },
  {
    type: 'image',
    cause: { Message: '', User: '' },
    spec: { ServiceSpecs: ['<all>'], ImageSpec: 'a/b:1', Kind: 'execute', Excludes: ['a:deployment/b'], Force: true },
  },
  {
    type: 'containers',
    cause: { Message: '', User: '' },
    spec: {
      Kind: 'plan',
      ContainerSpecs: { 'a:deployment/b': [{ Container: 'c', Current: 'a/b:1', Target: 'a/b:2' }] },
      SkipMismatches: true,
      Force: false,
    },
  },
];

/** Puts something else in one place of a value; `at` chooses which. */
function spoil(value: Json, at: number, put: Json): Json {
  if (typeof value !== 'object' || value === null || at % 5 === 0) return put;
  const keys = Object.keys(value);
  const key = keys[at % Math.max(1, keys.length)];
  if (key === undefined) return put;
  const next = Math.floor(at / 5);
  if (Array.isArray(value)) return value.map((each, index) => (String(index) === key ? spoil(each, next, put) : each));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, name === key ? spoil(each, next, put) : each]));
}

const deep = fc.constantFrom('[', '{"a":', '{"spec":[').map((open) => open.repeat(100_000));
const spoilt = fc
  .tuple(fc.constantFrom(...RIGHT), fc.nat(), fc.jsonValue())
  .map(([value, at, put]) => JSON.stringify(spoil(value, at, put as Json)));
const body = fc.oneof(
  { weight: 6, arbitrary: spoilt },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: deep },
);
const changing = Object.entries(ROUTES).filter(([, [, { method = 'GET' }]]) => method !== 'GET' && method !== 'HEAD');

/** Refused or answered; a fault of ours would be 500. A release that nobody could carry out is refused later, by its job. */
function expectSound({ status, headers, body: text }: Answer): void {
  expect(status).toBeLessThan(500);
  if (text !== '' && /json/.test(headers['content-type'] ?? '')) expect(() => JSON.parse(text)).not.toThrow();
}

const BODIES = rounds('bodies for each route', 40, 10);
const QUERIES = rounds('queries for each route', 25, 6);

test.each(changing)('S-076: %s takes any body without a fault of ours', async (_, [path, sent]) => {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  await fc.assert(
    fc.asyncProperty(body, async (text) => expectSound(await api.send(path, { ...sent, headers, body: text }))),
    { numRuns: BODIES },
  );
});

/** All but `wait`, which would be waited for. */
const PARAMETERS = [
  ...['id', 'ref', 'limit', 'cursor', 'state', 'namespace', 'service', 'services', 'containerFields'],
  ...['image', 'kind', 'exclude', 'force', 'user', 'message'],
];
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '0', '-1', '1e9', '99999999999999999999', '<all>', 'a:b/c', '../..', '--upload-pack=x', '\0', '\r\nX: y'),
  fc.string({ maxLength: 60 }).map((each) => Buffer.from(each).toString('base64url')),
  fc.jsonValue().map((each) => Buffer.from(JSON.stringify(each)).toString('base64url')),
);
const query = fc.array(fc.tuple(fc.constantFrom(...PARAMETERS), text), { maxLength: 4 });

test.each(Object.entries(ROUTES))('S-076: %s takes any query without a fault of ours', async (_, [path, sent]) => {
  const [base = '', given = ''] = path.split('?');
  await fc.assert(
    fc.asyncProperty(query, async (entries) => {
      const all = new URLSearchParams([...new URLSearchParams(given), ...entries]);
      expectSound(await api.send(`${base}?${all}`, sent));
    }),
    { numRuns: QUERIES },
  );
});
