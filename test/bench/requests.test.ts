import { expect, test } from 'vitest';
import { countRequests, listsByKind, perObject, sortOf, total } from '../../bench/requests.ts';

const request = (method: string, url: string) => {
  const { pathname, searchParams } = new URL(url, 'http://server');
  return {
    number: 1,
    at: 0,
    method,
    path: pathname,
    query: searchParams,
    authorization: undefined,
    body: '',
    metadataOnly: false,
    watch: searchParams.get('watch') === 'true',
  };
};

test.each([
  ['GET', '/api/v1/configmaps?limit=500', 'list'],
  ['GET', '/api/v1/configmaps?limit=500&continue=abc', 'page'],
  ['GET', '/api/v1/namespaces', 'list'],
  ['GET', '/api/v1/namespaces/shop', 'object read'],
  ['GET', '/api/v1/namespaces/shop/configmaps', 'list'],
  ['GET', '/api/v1/namespaces/shop/configmaps/settings', 'object read'],
  ['GET', '/apis/apps/v1/deployments?watch=true&sendInitialEvents=true', 'list'],
  ['GET', '/apis/apps/v1/deployments?watch=true&resourceVersion=7', 'watch'],
  ['GET', '/apis/apps/v1/namespaces/shop/deployments/cart/scale', 'object read'],
  ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/cart?force=true', 'object write'],
  ['GET', '/apis/apps/v1', 'other'],
  ['GET', '/version', 'other'],
])('%s %s counts as: %s', (method, url, sort) => {
  expect(sortOf(request(method, url))).toBe(sort);
});

test('a watch that is opened again is no request of a sync, and a list of several pages is one list', () => {
  const requests = [
    request('GET', '/api/v1/secrets?limit=500'),
    request('GET', '/api/v1/secrets?limit=500&continue=abc'),
    request('GET', '/api/v1/secrets?watch=true&resourceVersion=7'),
    request('PATCH', '/api/v1/namespaces/shop/secrets/token'),
  ];
  const counts = countRequests(requests);
  expect([total(counts), perObject(counts), listsByKind(requests).get('/api/v1/secrets')]).toEqual([3, 1, 1]);
});
