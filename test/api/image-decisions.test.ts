import { expect, test } from 'vitest';
import type { DecidedContainer } from '../../src/controller/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const DECISION = {
  image: 'a:1',
  pattern: 'glob:*',
  automated: true,
  state: 'waiting',
  code: 'window',
  text: 'outside',
  newest: '2',
} as const;

test('decisions are listed in the order of their objects, and only those of the page are worked out', async () => {
  const worked: string[] = [];
  const of = (id: string, container: string, source?: string): DecidedContainer => ({
    ...{ id, container, ...(source === undefined ? {} : { source }) },
    decide: () => {
      worked.push(`${id} ${container}`);
      return DECISION;
    },
  });
  const all = [of('b:deployment/x', 'main'), of('a:deployment/x', 'side', 'blog'), of('a:deployment/x', 'main', 'blog')];
  await using api = await serve(daemonOf({ imageDecisions: async () => all }));
  const first = JSON.parse((await api.get('/api/v1/images/decisions?limit=2')).body);
  expect(first.containers).toEqual([
    { id: 'a:deployment/x', container: 'main', source: 'blog', ...DECISION },
    { id: 'a:deployment/x', container: 'side', source: 'blog', ...DECISION },
  ]);
  expect(worked).toEqual(['a:deployment/x main', 'a:deployment/x side']);
  const second = JSON.parse((await api.get(`/api/v1/images/decisions?limit=2&cursor=${first.next}`)).body);
  expect(second).toEqual({ containers: [{ id: 'b:deployment/x', container: 'main', ...DECISION }] });
});
