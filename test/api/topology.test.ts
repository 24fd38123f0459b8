import { describe, expect, test } from 'vitest';
import { topologySchema } from '../../src/api/wire/index.ts';
import type { Daemon } from '../../src/controller/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const objects: Daemon['objects'] = () => ({
  follows: [],
  objects: [
    {
      id: 'shop:deployment/cart',
      state: 'failed',
      since: 0,
      place: { file: 'shop/cart.yaml', document: 0, line: 1 },
      reason: 'cannot reach https://jane:hunter2@example.org',
    },
    { id: 'blog:configmap/x', state: 'synced', since: 0, place: { file: 'blog/x.yaml', document: 0, line: 1 } },
  ],
});

async function get(query: string) {
  await using api = await serve(daemonOf({ objects }));
  const { status, body } = await api.get(`/api/v1/topology${query}`);
  return { status, body: JSON.parse(body) as unknown };
}

describe('GET /api/v1/topology', () => {
  test('has the graph, without credentials', async () => {
    const { status, body } = await get('?namespace=shop');
    expect(status).toBe(200);
    const { nodes, objects } = topologySchema.parse(body);
    expect(objects).toBe(1);
    expect(nodes.at(-1)).toMatchObject({ type: 'object', id: 'shop:deployment/cart', status: 'failed' });
    expect(JSON.stringify(nodes)).toContain('cannot reach https://');
    expect(JSON.stringify(nodes)).not.toContain('hunter2');
  });

  test('has what is around one object', async () => {
    const { body } = await get('?around=blog:configmap/x');
    expect(topologySchema.parse(body).nodes.map(({ key }) => key)).toEqual([
      'source default',
      'folder default blog',
      'object default blog:configmap/x',
    ]);
  });

  test.each([
    ['?status=broken', 'status "broken" is unknown'],
    [`?text=${'x'.repeat(5_000)}`, 'text is longer than 4096 characters'],
  ])('refuses %.20s', async (query, detail) => {
    expect(await get(query)).toMatchObject({ status: 400, body: { detail } });
  });
});
