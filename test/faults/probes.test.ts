import { expect, onTestFinished, test } from 'vitest';
import { createApiServer } from '../../src/api/index.ts';
import { FluxError, silentLogger } from '../../src/base/index.ts';
import { thorough } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { maps, namespace, yaml } from './manifests.ts';
import { createRepository } from './repository.ts';

const MINUTE = 60_000;
const FILES = { 'namespace.yaml': yaml(namespace('shop')), ...maps(10) };

async function probesOf(daemon: Parameters<typeof createApiServer>[0]['daemon']) {
  const api = createApiServer({ daemon, log: silentLogger() });
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => api.close());
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return `${response.status} ${(await response.text()).trim()}`;
  };
}

test.runIf(thorough('a sync that takes hours'))(
  'a sync that takes hours, because the API server takes one write in five minutes, is alive all the time',
  async () => {
    const engine = await startEngine(
      { 'namespace.yaml': yaml(namespace('shop')), ...maps(40) },
      {
        before: ({ proxy, clock }) => {
          let openAt = 0;
          proxy.intercept = ({ method }) => {
            if (method !== 'PATCH') return undefined;
            if (clock.now() < openAt) return { kind: 'answer', status: 429, headers: { 'retry-after': '300' } };
            openAt = clock.now() + 299_000;
            return undefined;
          };
        },
      },
    );
    const probe = await probesOf(engine.daemon);
    const done = () => engine.log.find(({ msg }) => msg === 'sync done');
    for (let minutes = 0; minutes < 600 && !done(); minutes += 10) {
      await engine.time.pass(10 * MINUTE);
      expect(await probe('/healthz')).toBe('200 ok');
      if (!done()) expect(await probe('/readyz')).toBe('503 not ready: the first sync has not ended yet');
    }
    // Long enough for a loop that does nothing to be called stuck.
    expect(Number(done()?.ms)).toBeGreaterThan(60 * MINUTE);
  },
);

test('an API server that never answers: alive, and not ready', async () => {
  const engine = await startEngine(FILES, {
    before: ({ proxy }) => {
      proxy.intercept = () => ({ kind: 'hang', after: 'nothing' });
    },
  });
  const probe = await probesOf(engine.daemon);
  for (let minutes = 0; minutes < 120; minutes += 20) {
    await engine.time.pass(20 * MINUTE);
    expect(await probe('/healthz')).toBe('200 ok');
    expect(await probe('/readyz')).toMatch(/^503 not ready: last sync: /);
  }
});

test('Git that goes away: alive, not ready while it is away, and ready again when it is back', async () => {
  const repository = createRepository(FILES);
  const down = new FluxError('git fetch: could not resolve host git.example.org', { code: 'git/unreachable' });
  let isDown = false;
  const engine = await startEngine(FILES, {
    source: {
      ...repository.source,
      state: () => (isDown ? { status: 'unreachable', error: down } : repository.source.state()),
      fetch: (options) => (isDown ? Promise.reject(down) : repository.source.fetch(options)),
    },
  });
  const probe = await probesOf(engine.daemon);
  await engine.time.until('synced', () => repository.tag !== undefined, MINUTE);
  await engine.time.pass(MINUTE);
  expect(await probe('/readyz')).toBe('200 ok');
  isDown = true;
  await engine.time.pass(90 * MINUTE);
  expect(await probe('/readyz')).toBe(`503 not ready: Git: ${down.message}`);
  expect(await probe('/healthz')).toBe('200 ok');
  isDown = false;
  await engine.time.pass(MINUTE);
  expect(await probe('/readyz')).toBe('200 ok');
});

test('a fetch that never ends: not alive, however much clients ask for', async () => {
  const repository = createRepository(FILES);
  // Time goes on while it hangs.
  let hanging = 0;
  const source = {
    ...repository.source,
    async fetch({ signal }: { readonly signal?: AbortSignal } = {}) {
      if (repository.fetches > 0) {
        hanging = 1;
        await new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
        });
      }
      return repository.source.fetch();
    },
  };
  const engine = await startEngine(FILES, { source, pending: () => -hanging });
  const probe = await probesOf(engine.daemon);
  await engine.time.until('the second fetch hangs', () => hanging > 0, 10 * MINUTE);
  expect(await probe('/healthz')).toBe('200 ok');
  for (let minutes = 0; minutes < 60; minutes += 10) {
    await engine.time.pass(10 * MINUTE);
    await engine.daemon.syncStatus(repository.head ?? '');
    await engine.daemon.listWorkloads({ namespace: '', ids: [] });
  }
  expect(await probe('/healthz')).toMatch(/^503 .*it is in step "fetch"/);
});
