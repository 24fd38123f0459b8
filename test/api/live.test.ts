import { describe, expect, test } from 'vitest';
import type { ReviewAccess } from '../../src/api/access/rights.ts';
import { liveObjectSchema } from '../../src/api/wire/index.ts';
import type { ResourceRight } from '../../src/resource/index.ts';
import { daemonOf, serve, serveByTls } from './daemon-fixture.ts';
import { liveReadsOf } from './live-reads.ts';

const ID = 'shop:deployment/cart';
const PATH = `/api/v1/live/object?id=${ID}`;
const RIGHT: ResourceRight = { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'cart' };
const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } };
const daemon = () => daemonOf({ manifest: async (id) => (id === ID ? { object } : undefined) });
const bearer = { authorization: 'Bearer t' };

/** Reads that need one right, and what they were asked. */
function readsOf() {
  const read: string[] = [];
  const reads = liveReadsOf({
    async object({ id, permit }) {
      await permit(RIGHT);
      read.push(id);
      return {
        exists: true,
        fields: [
          {
            path: 'spec.replicas',
            state: 'differs',
            desired: 2,
            live: 3,
            owners: [{ manager: 'kubectl', operation: 'Update', at: Date.parse('2030-01-01T00:00:00Z') }],
          },
          { path: 'metadata.annotations.text', state: 'added', live: 'x'.repeat(5_000), owners: [] },
        ],
        isCut: false,
        events: {
          state: 'read',
          value: [{ type: 'Warning', reason: 'Failed', message: 'of https://ann:hunter2@host', count: 2, from: 'kubelet' }],
        },
      };
    },
  });
  return { reads, read };
}

/** May call every path; what it may do with resources is given. */
function reviewOf(isAllowed: (right: ResourceRight) => boolean) {
  const asked: object[] = [];
  const review: ReviewAccess = async (question) => {
    asked.push('on' in question ? { on: question.on } : { verb: question.verb, path: question.path });
    return { outcome: !('on' in question) || isAllowed(question.on) ? 'allowed' : 'forbidden', user: 'ann' };
  };
  return { review, asked };
}

async function byTls(isAllowed: (right: ResourceRight) => boolean) {
  const { reads, read } = readsOf();
  const { review, asked } = reviewOf(isAllowed);
  let at = '10.1.2.3';
  const api = await serveByTls(daemon(), review, () => at, {}, { live: reads });
  return { api, read, asked, come: (address: string) => (at = address) };
}

describe('by TLS', () => {
  test('an object is read with the rights of the caller (S-070)', async () => {
    const { api, read, asked } = await byTls(() => true);
    await using served = api;
    const { status, headers, body } = await served.send(PATH, { headers: bearer, ca: served.ca });
    expect({ status, read }).toEqual({ status: 200, read: [ID] });
    expect(headers['cache-control']).toBe('no-store');
    expect(asked).toEqual([{ verb: 'get', path: '/fluxd/api/v1/live/object' }, { on: RIGHT }]);
    const answer = liveObjectSchema.parse(JSON.parse(body));
    expect(answer).toEqual(JSON.parse(body));
    expect(answer.fields[0]).toEqual({
      path: 'spec.replicas',
      state: 'differs',
      desired: 2,
      live: 3,
      owners: [{ manager: 'kubectl', operation: 'Update', at: '2030-01-01T00:00:00Z' }],
    });
    expect(answer.fields[1]).toMatchObject({ live: 'x'.repeat(4_000), isCut: true });
    expect(body).not.toContain('hunter2');
  });

  test('nothing is read without the right, and the answer names it', async () => {
    const { api, read } = await byTls(() => false);
    await using served = api;
    const { status, body } = await served.send(PATH, { headers: bearer, ca: served.ca });
    expect({ status, read }).toEqual({ status: 403, read: [] });
    expect(JSON.parse(body).detail).toBe('ann may not get deployments.apps cart in namespace shop');
  });

  test('only objects of the repository are read', async () => {
    const { api, read } = await byTls(() => true);
    await using served = api;
    const { status, body } = await served.send('/api/v1/live/object?id=shop:pod/cart-1', { headers: bearer, ca: served.ca });
    expect({ status, code: JSON.parse(body).code, read }).toEqual({ status: 404, code: 'live/not-in-git', read: [] });
  });

  test.each(['', '?id=', '?id=../x', `?id=${'x'.repeat(5_000)}`])(
    'a query that names no object is rejected: %j',
    async (query) => {
      const { api } = await byTls(() => true);
      await using served = api;
      const { status } = await served.send(`/api/v1/live/object${query}`, { headers: bearer, ca: served.ca });
      expect(status).toBe(400);
    },
  );

  test('over loopback nothing is read, even by TLS with a token', async () => {
    const { api, read, come } = await byTls(() => true);
    await using served = api;
    come('127.0.0.1');
    for (const ca of [served.ca, undefined]) {
      const { status, body } = await served.send(PATH, { headers: bearer, ...(ca === undefined ? {} : { ca }) });
      expect([status, JSON.parse(body).code]).toEqual([404, 'live/not-served']);
    }
    expect(read).toEqual([]);
  });
});

test('a manifest is served as it may be shown', async () => {
  await using api = await serve(daemonOf({ manifest: async () => ({ object, hidden: 'values' }) }));
  const { status, body } = await api.get(`/api/v1/manifest?id=${ID}`);
  expect([status, JSON.parse(body)]).toEqual([200, { id: ID, object, hidden: 'values' }]);
});
