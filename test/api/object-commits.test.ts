import { expect, test } from 'vitest';
import { objectCommitsSchema } from '../../src/api/wire/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const REVISION = '3f7ab571aa00bb11cc22dd33ee44ff5566778899';

test('GET /api/v1/objects/commits has the commits of the file of an object, without credentials', async () => {
  const daemon = daemonOf({
    objectCommits: async () => ({
      place: { revision: REVISION, file: 'shop/cart.yaml', line: 3 },
      commits: [
        {
          revision: REVISION,
          subject: 'Fetch from https://jane:hunter2@example.org',
          author: { name: 'Jane', email: 'jane@example.org' },
          committedAt: 0,
          trailers: [],
          ours: false,
        },
      ],
      isCut: true,
    }),
  });
  await using api = await serve(daemon);
  const { status, body } = await api.get('/api/v1/objects/commits?id=shop:deployment/cart');
  expect(status).toBe(200);
  expect(body).not.toContain('hunter2');
  expect(objectCommitsSchema.parse(JSON.parse(body))).toMatchObject({
    place: { file: 'shop/cart.yaml', line: 3 },
    commits: [{ revision: REVISION, author: 'Jane', at: '1970-01-01T00:00:00.000Z' }],
    isCut: true,
  });
});

test('it is about one object', async () => {
  await using api = await serve(daemonOf());
  expect(await api.get('/api/v1/objects/commits')).toMatchObject({ status: 400 });
});
