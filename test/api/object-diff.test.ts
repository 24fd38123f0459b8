import { describe, expect, test } from 'vitest';
import { objectDiffSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import type { ObjectDiffReport } from '../../src/controller/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const [FROM, TO] = ['a'.repeat(40), 'b'.repeat(40)];
const QUERY = `?id=shop:deployment/cart&from=${FROM}&to=${TO}`;

async function answerTo(report: ObjectDiffReport) {
  const daemon = daemonOf({ objectDiff: async () => report });
  await using api = await serve(daemon);
  const { status, body } = await api.get(`/api/v1/objects/diff${QUERY}`);
  expect(status).toBe(200);
  return objectDiffSchema.parse(JSON.parse(body));
}

test('GET /api/v1/objects/diff compares an object of two revisions', async () => {
  const daemon = daemonOf();
  await using api = await serve(daemon);
  expect(await api.get(`/api/v1/objects/diff${QUERY}`)).toMatchObject({ status: 200 });
  expect(daemon.calls).toEqual([{ name: 'objectDiff', argument: { id: 'shop:deployment/cart', from: FROM, to: TO } }]);
});

test.each([
  ['no object', `?from=${FROM}&to=${TO}`],
  ['no revision', `?id=shop:deployment/cart&to=${TO}`],
  ['a name', `?id=shop:deployment/cart&from=main&to=${TO}`],
  ['an expression', `?id=shop:deployment/cart&from=${FROM}&to=${TO}^`],
  ['an option', `?id=shop:deployment/cart&from=--output=x&to=${TO}`],
])('%s is a bad request', async (_, query) => {
  const daemon = daemonOf();
  await using api = await serve(daemon);
  expect(await api.get(`/api/v1/objects/diff${query}`)).toMatchObject({ status: 400 });
  expect(daemon.calls).toEqual([]);
});

test.each([
  ['git/revision-missing', 'missing', 404],
  ['objects/not-synced', 'user', 422],
  ['objects/diff-busy', 'user', 429],
] as const)('%s', async (code, fault, status) => {
  const daemon = daemonOf({ objectDiff: () => Promise.reject(new FluxError('no', { code, fault })) });
  await using api = await serve(daemon);
  const answer = await api.get(`/api/v1/objects/diff${QUERY}`);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toMatchObject({ code });
});

describe('values', () => {
  const text = Array.from({ length: 3_000 }, (_, n) => `line ${n}`);
  const compared = (from: string, to: string) =>
    answerTo({ state: 'compared', fields: [{ path: 'data.conf', from, to }], isCut: false });

  test('of long texts the lines that differ are sent, with some around them', async () => {
    expect(await compared(text.join('\n'), text.with(2_000, 'changed').join('\n'))).toEqual({
      state: 'compared',
      fields: [
        {
          path: 'data.conf',
          lines: [
            { sign: ' ', text: '…' },
            { sign: ' ', text: 'line 1998' },
            { sign: ' ', text: 'line 1999' },
            { sign: '-', text: 'line 2000' },
            { sign: '+', text: 'changed' },
            { sign: ' ', text: 'line 2001' },
            { sign: ' ', text: 'line 2002' },
            { sign: ' ', text: '…' },
          ],
        },
      ],
      isCut: false,
    });
  });

  test('texts that are too long to compare begin where they differ', async () => {
    const long = 'a\n'.repeat(1_000_000);
    const report = await compared(`${long}x\n${long}`, `${long}y\n${long}`);
    expect(report).toMatchObject({
      fields: [{ from: expect.stringMatching(/^…\nx\na/), to: expect.stringMatching(/^…\ny\na/), isCut: true }],
    });
  });

  test('texts that have nothing in common, and long values, are cut', async () => {
    const report = await compared(text.join('\n'), text.map((line) => `x${line}`.padEnd(2_000, 'y')).join('\n'));
    expect(report).toMatchObject({ fields: [{ isCut: true }] });
    expect(JSON.stringify(report).length).toBeLessThan(3_000_000);
    expect(await compared('a', 'b'.repeat(10_000))).toMatchObject({
      fields: [{ from: 'a', to: 'b'.repeat(4_000), isCut: true }],
    });
  });
});

test('what is rendered, and what cannot be read, says where', async () => {
  const place = { unit: 'web/kustomization.yaml', file: 'web/kustomization.yaml', document: 2, renderer: 'kustomize' } as const;
  expect(await answerTo({ state: 'rendered', place })).toEqual({ state: 'rendered', place: { ...place, line: 1 } });
  const error = new FluxError('document is encrypted by SOPS', { code: 'manifests/encrypted', fault: 'user' });
  expect(await answerTo({ state: 'unread', revision: TO, file: 'a.yaml', error })).toMatchObject({
    file: 'a.yaml',
    error: { code: 'manifests/encrypted' },
  });
});
