import { describe, expect, onTestFinished, test } from 'vitest';
import { createApiServer } from '../../src/api/index.ts';
import { silentLogger } from '../../src/base/index.ts';
import { createRemote, sourceOf } from '../git/support/repository.ts';
import { recordedInGit } from '../support/recorded-in-git.ts';
import { sampled } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { type Engine, startEngine } from './engine.ts';
import { configMap, configMapPath, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const files = (greeting: string) => ({ 'all.yaml': yaml(namespace('shop'), configMap('a', { greeting }), configMap('b')) });

/** What the probes of Kubernetes see. */
async function probesOf({ daemon }: Engine) {
  const api = createApiServer({ daemon, log: silentLogger() });
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => api.close());
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };
}

/** The most that happened within `ms`. */
function busiest(times: readonly number[], ms: number): number {
  return Math.max(0, ...times.map((start) => times.filter((at) => at >= start && at < start + ms).length));
}

const OUTAGES: readonly (readonly [string, number])[] = sampled(
  'outages',
  [
    ['10 s', 10 * SECOND],
    ['10 min', 10 * MINUTE],
    ['1 h', 60 * MINUTE],
  ],
  2,
);

describe('R-001: an API server that refuses connections', () => {
  test.for(sampled('outages', OUTAGES, 1))(
    'at the start for %s: fluxd stays up, says why it is not ready, and syncs within 30 s of its return',
    async ([, ms]) => {
      const engine = await startEngine(files('hello'), { before: ({ proxy }) => proxy.refuse() });
      const { time, repository, proxy } = engine;
      const probe = await probesOf(engine);
      await time.pass(ms);

      expect(engine.running()).toBe(true);
      expect(await probe('/healthz')).toMatchObject({ status: 200 });
      // The first fetch by a real git may end only now.
      await until('/readyz names the API server', async () =>
        /API server http.*ECONNREFUSED/.test((await probe('/readyz')).text),
      );
      expect(await probe('/readyz')).toMatchObject({ status: 503 });
      expect(time.begun.length).toBeGreaterThan(0);
      expect(time.begun.length).toBeLessThanOrEqual(ms / SECOND);
      expect(busiest(time.begun, 10 * SECOND)).toBeLessThanOrEqual(11);

      await proxy.accept();
      await time.until('synced', () => repository.tag !== undefined, 30 * SECOND);
      expect(repository.record()?.counts).toEqual({ created: 3 });
      expect(await probe('/readyz')).toMatchObject({ status: 200 });
    },
  );

  test.for(sampled('outages', OUTAGES, 1))(
    'later for %s: what was committed meanwhile is there within 30 s of its return',
    async ([, ms]) => {
      const engine = await startEngine(files('hello'));
      const { time, repository, proxy, person } = engine;
      await time.until('synced', () => repository.tag !== undefined, MINUTE);
      await proxy.refuse();
      const revision = repository.commit(files('changed'));
      engine.daemon.startSync();
      await time.pass(SECOND);
      // What was under way when the connection was lost is over.
      const tried = time.begun.length;
      await time.pass(ms - SECOND);
      expect(engine.daemon.readiness()).toEqual({ ready: false, reason: expect.stringContaining('ECONNREFUSED') });
      expect(time.begun.length - tried).toBeLessThanOrEqual(ms / SECOND);

      await proxy.accept();
      const isSynced = () => repository.tag === revision && repository.record()?.counts.configured === 1;
      await time.until('synced', isSynced, 30 * SECOND);
      expect((await person.get(configMapPath('a'))).data).toEqual({ greeting: 'changed' });
      expect(engine.daemon.readiness()).toMatchObject({ ready: true });
    },
  );

  test('with nothing to do: it is told within 30 s that the server is gone, and within 30 s that it is back', async () => {
    const { time, repository, proxy, daemon } = await startEngine(files('hello'));
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    await proxy.refuse();
    await time.until('told', () => !daemon.readiness().ready, 30 * SECOND);
    expect(daemon.readiness().reason).toContain('ECONNREFUSED');
    await time.pass(20 * MINUTE);
    await proxy.accept();
    await time.until('back', () => daemon.readiness().ready, 30 * SECOND);
  });

  test('Git is polled all the while, and answers about Git go on', async () => {
    const remote = createRemote(files('hello'));
    const source = sourceOf(remote.path);
    const engine = await startEngine({}, { source: recordedInGit(source), before: ({ proxy }) => proxy.refuse() });
    const { time, daemon } = engine;
    await time.pass(MINUTE);
    const revision = remote.commit(files('changed'));
    await time.pass(6 * MINUTE);
    expect(await time.during(daemon.syncStatus('main'))).toContain(revision);
    expect((await time.during(daemon.gitConfig({ regenerateKey: false }))).state.status).toBe('ready');

    await engine.proxy.accept();
    await time.pass(30 * SECOND);
    expect((await engine.person.get(configMapPath('a'))).data).toEqual({ greeting: 'changed' });
    expect(await source.syncTag()).toBe(revision);
  });

  test.for(['at the start', 'later'])('%s: the log names the cause at most ten times a minute', async (when) => {
    const engine = await startEngine(files('hello'), {
      before: ({ proxy }) => (when === 'at the start' ? proxy.refuse() : undefined),
    });
    if (when === 'later') await engine.time.until('synced', () => engine.repository.tag !== undefined, MINUTE);
    await engine.proxy.refuse();
    await engine.time.pass(10 * MINUTE);
    const complaints = engine.log.filter((line) => JSON.stringify(line).includes('ECONNREFUSED')).map(({ at }) => at);
    expect(complaints.length).toBeGreaterThan(0);
    expect(busiest(complaints, MINUTE)).toBeLessThanOrEqual(10);
  });
});
