import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { linesOf } from '../../../src/controller/repository/object-lines.ts';
import { deployment, FILE, HEAD, ID, manifestOf, whyIn } from './world.ts';

const object = (name: string) => ({ ...deployment({}), metadata: { name, namespace: 'shop' } });
const error = new FluxError('it is not YAML', { code: 'yaml/bad-syntax' });

describe('a question about an image', () => {
  test('is answered for the workloads that use it, in whatever way it is written', async () => {
    const answer = await whyIn({ tags: { '1.0.0': {}, '1.1.0': {} } }, { by: 'image', image: 'docker.io/acme/web' });
    expect(answer).toMatchObject({ id: ID, container: 'web', cause: 'commit/not-committed', others: [] });
  });

  test.each([
    ['1.0.0', 'ok'],
    ['0.9.0', 'decision/tag-not-newer'],
    ['main', 'decision/tag-pattern'],
    ['3.0.0', 'decision/no-such-tag'],
  ])('with tag %s', async (tag, cause) => {
    const answer = await whyIn({ tags: { '1.0.0': {}, '0.9.0': {}, main: {} } }, { by: 'image', image: `acme/web:${tag}` });
    expect(answer.cause).toBe(cause);
  });

  test('the worst workload comes first, the others are named', async () => {
    const other = manifestOf({ ...object('api'), metadata: { name: 'api', namespace: 'shop' } }, 'deploy/api.yaml');
    const answer = await whyIn(
      { annotations: { 'fluxcd.io/locked': 'true' }, manifests: [other] },
      { by: 'image', image: 'acme/web' },
    );
    expect(answer).toMatchObject({ id: ID, cause: 'decision/locked', others: [{ id: 'shop:deployment/api' }] });
  });

  test.each([{ image: 'acme/other' }, { image: 'acme/web', namespace: 'elsewhere' }])('that nothing uses, %j', async (about) => {
    await expect(whyIn({}, { by: 'image', ...about })).rejects.toMatchObject({ code: 'why/nothing-found', fault: 'missing' });
  });
});

describe('a question about a file', () => {
  const manifests = [manifestOf(object('api'), FILE, 20), manifestOf(object('cron'), FILE, 40)];
  test.each([
    [19, ID],
    [20, 'shop:deployment/api'],
    [39, 'shop:deployment/api'],
    [999, 'shop:deployment/cron'],
  ])('line %i', async (line, id) => {
    expect(await whyIn({ manifests }, { by: 'file', file: `./${FILE}`, line })).toMatchObject({ id, others: [] });
  });

  test('without a line is about all of its objects', async () => {
    const { others } = await whyIn({ manifests }, { by: 'file', file: FILE });
    expect(others).toHaveLength(2);
  });

  test('of a refused document that names no object', async () => {
    const answer = await whyIn({ errors: [{ file: 'bad.yaml', document: 1, line: 9, error }] }, { by: 'file', file: 'bad.yaml' });
    expect(answer.cause).toBe('place/refused');
    expect(answer.answer).toBe('the manifest in bad.yaml is not synced: the manifest at bad.yaml:9 is refused: it is not YAML.');
    expect(answer.id).toBeUndefined();
  });

  test('that Git does not have', async () => {
    await expect(whyIn({}, { by: 'file', file: 'nope.yaml' })).rejects.toMatchObject({ code: 'why/nothing-found' });
  });
});

describe('a question about an id', () => {
  test('that neither Git nor the cluster has', async () => {
    const answer = await whyIn({ errors: [{ file: 'bad.yaml', error }] }, { by: 'id', id: 'shop:deployment/nothing' });
    expect(answer.answer).toBe(`shop:deployment/nothing is unknown: it is not in revision ${HEAD.slice(0, 7)} of branch main.`);
    expect(answer.next?.text).toContain('One file or document is refused and may define it');
  });

  test('that is no id', async () => {
    await expect(whyIn({}, { by: 'id', id: 'a b' })).rejects.toMatchObject({ code: 'resource/bad-id' });
  });

  test('while the manifests cannot be read', async () => {
    const unreadable = new FluxError('blob 1 is damaged', { code: 'git/mirror-broken' });
    expect(await whyIn({ unreadable })).toMatchObject({ cause: 'place/unreadable', state: 'failed' });
  });
});

test('the lines of an object end with its document, and have its images', () => {
  const text =
    'a: 1\n---\nkind: X\nname: web\nimage: "acme/web:1"\nvalues:\n  image: acme/chart\n  tag: "2.1"\n--- # next\nimage: acme/web:1\n';
  const containers = [
    { name: 'web', image: 'acme/web:1' },
    { name: 'chart', image: 'acme/chart:2.1' },
    { name: 'none', image: 'acme/none:9' },
    { name: 'empty', image: '' },
  ];
  const lines = linesOf(text, { file: 'a.yaml', document: 2, line: 3 }, containers);
  expect(lines).toEqual({
    from: 3,
    to: 8,
    images: new Map([
      ['web', 5],
      ['chart', 8],
    ]),
  });
});
