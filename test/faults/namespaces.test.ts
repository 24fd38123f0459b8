import { describe, expect, test } from 'vitest';
import { startEngine } from './engine.ts';
import { configMap, configMapPath, namespace, yaml } from './manifests.ts';
import type { Site } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const FILES = {
  'all.yaml': yaml(configMap('a', {}, 'stuck'), configMap('b', {}, 'stuck'), namespace('calm'), configMap('c', {}, 'calm')),
};
const WITH_NAMESPACE = { ...FILES, 'stuck.yaml': yaml(namespace('stuck')) };
const KEEPER = configMapPath('keeper', 'stuck');

/** A namespace that waits for the finalizer of an object in it. */
async function stick({ person, time }: Site): Promise<void> {
  await person.create('api/v1/namespaces', { metadata: { name: 'stuck' } });
  await person.create('api/v1/namespaces/stuck/configmaps', { metadata: { name: 'keeper', finalizers: ['acme.io/wait'] } });
  await person.delete('api/v1/namespaces/stuck');
  await time.pass(SECOND);
  expect(await person.get('api/v1/namespaces/stuck')).toMatchObject({ status: { phase: 'Terminating' } });
}

const inStuck = ({ path }: { readonly path: string }) => path.includes('/namespaces/stuck');

describe('R-015: a namespace that hangs in its deletion', () => {
  test.for<[string, Record<string, string>, RegExp]>([
    ['in Git', WITH_NAMESPACE, /being deleted/],
    ['not in Git', FILES, /being terminated|being deleted/],
  ])(
    '%s: its objects are told, others go on, nothing is tried over and over, and all comes back once it is gone',
    async ([, files, says]) => {
      const engine = await startEngine(files, { before: stick });
      const { time, repository, proxy, person, log } = engine;
      await time.until('synced', () => repository.tag !== undefined, MINUTE);
      expect(await person.find(configMapPath('c', 'calm'))).toBeDefined();
      const told = repository.record()?.changes.filter(({ id }) => id === 'stuck:configmap/a' || id === 'stuck:configmap/b');
      expect(told).toHaveLength(2);
      for (const each of told ?? []) expect(each).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(says) });

      await time.pass(10 * MINUTE);
      const perObject = Map.groupBy(
        proxy.requests.filter((each) => each.method === 'PATCH' && inStuck(each)),
        ({ path }) => path,
      );
      // After 2, 4, 8 … 256 s.
      for (const [path, tries] of perObject) expect(tries.length, path).toBeLessThanOrEqual(11);
      expect(log.filter(({ msg }) => msg === 'object failed').length).toBeLessThanOrEqual(3);
      expect(proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);

      await person.patch(KEEPER, { metadata: { finalizers: null } });
      if (files === FILES) {
        await time.pass(MINUTE);
        expect(await person.find('api/v1/namespaces/stuck')).toBeUndefined();
        await person.create('api/v1/namespaces', { metadata: { name: 'stuck' } });
      }
      const isWhole = () => {
        const { failed, held } = repository.record()?.counts ?? {};
        return !failed && !held;
      };
      await time.until('whole', isWhole, 11 * MINUTE);
      expect(await person.find(configMapPath('a', 'stuck'))).toBeDefined();
      expect(await person.find(configMapPath('b', 'stuck'))).toBeDefined();
    },
  );
});

test('R-015: a namespace that is not there: its objects are told what to do, others go on, and they follow once it is', async () => {
  const engine = await startEngine(FILES);
  const { time, repository, person } = engine;
  await time.until('synced', () => repository.tag !== undefined, MINUTE);
  expect(repository.record()?.counts).toEqual({ created: 2, failed: 2 });
  const report = await engine.sync();
  expect(report.changes.find(({ id }) => id === 'stuck:configmap/a')?.error).toMatchObject({
    code: 'cluster/namespace-missing',
    help: expect.stringContaining('add its manifest to the repository'),
  });
  await person.create('api/v1/namespaces', { metadata: { name: 'stuck' } });
  await time.until('whole', () => repository.record()?.counts.created === 2, 5 * MINUTE);
});
