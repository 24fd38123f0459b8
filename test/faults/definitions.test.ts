import { describe, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { configMap, configMapPath, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function definition(...versions: readonly string[]): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.acme.io' },
    spec: {
      group: 'acme.io',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: versions.map((name, n) => ({
        name,
        served: true,
        storage: n === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  };
}

const widget = (version = 'v1'): object => ({
  apiVersion: `acme.io/${version}`,
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'shop' },
  spec: { size: 1 },
});
const WIDGET = 'apis/acme.io/v1/namespaces/shop/widgets/w';

const others = { 'shop.yaml': yaml(namespace('shop'), configMap('a')) };
const all = { ...others, 'crd.yaml': yaml(definition('v1')), 'widget.yaml': yaml(widget()) };

describe('R-014: definitions and their objects', () => {
  test('in one commit, the definition served after 30 s: what does not need it is applied at once, its object as soon as it is served', async () => {
    const engine = await startEngine(all, { kubernetes: { establishMs: 30 * SECOND } });
    const { time, repository, proxy } = engine;
    const started = engine.clock.now();
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    expect(repository.record()?.counts).toEqual({ created: 4 });
    const applied = (name: string) =>
      (proxy.requests.find(({ method, path }) => method === 'PATCH' && path.endsWith(name))?.at ?? 0) - started;
    expect(applied('/configmaps/a')).toBeLessThan(SECOND);
    expect(applied('/widgets/w')).toBeGreaterThanOrEqual(30 * SECOND);
    expect(applied('/widgets/w')).toBeLessThan(32 * SECOND);
  });

  test.runIf(thorough('a definition that takes ten minutes'))(
    'a definition that takes ten minutes: its object is told to wait for it, the rest stands, and the object follows',
    async () => {
      const engine = await startEngine(all, { kubernetes: { establishMs: 10 * MINUTE } });
      const { time, repository, person } = engine;
      await time.until('synced', () => repository.tag !== undefined, 62 * SECOND);
      expect(repository.record()?.counts).toEqual({ created: 3, failed: 1 });
      expect(repository.record()?.changes.find(({ outcome }) => outcome === 'failed')).toMatchObject({
        id: 'shop:widget/w',
        reason: expect.stringMatching(/widgets\.acme\.io.*not established within 60 s/),
      });
      await time.until('served and applied', () => repository.record()?.counts.created === 1, 12 * MINUTE);
      expect(await person.find(WIDGET)).toBeDefined();
    },
  );

  test('a definition that somebody else brings later: its object follows by itself, within five minutes', async () => {
    const engine = await startEngine({ ...others, 'widget.yaml': yaml(widget()) });
    const { time, repository, person } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    expect(repository.record()?.counts).toEqual({ created: 2, failed: 1 });
    await time.pass(30 * MINUTE);
    await person.create('apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition('v1'));
    await time.until('applied', () => repository.record()?.counts.created === 1, 5 * MINUTE + 10 * SECOND);
    expect(await person.find(WIDGET)).toBeDefined();
  });

  test('a version that the definition no longer serves: its object is told by name, the rest goes on, nothing is deleted', async () => {
    const engine = await startEngine(
      { ...others, 'crd.yaml': yaml(definition('v1', 'v1beta1')), 'widget.yaml': yaml(widget('v1beta1')) },
      { flags: ['--sync-garbage-collection'] },
    );
    const { time, repository, person, proxy, daemon } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    expect(repository.record()?.counts).toEqual({ created: 4 });
    proxy.clear();
    const revision = repository.commit({
      'shop.yaml': yaml(namespace('shop'), configMap('a', { a: 'changed' })),
      'crd.yaml': yaml(definition('v1')),
      'widget.yaml': yaml(widget('v1beta1')),
    });
    daemon.startSync();
    await time.until('synced', () => repository.tag === revision, 2 * MINUTE);
    await time.pass(10 * MINUTE);
    expect(repository.record()?.counts.failed).toBe(1);
    expect((await person.get(configMapPath('a'))).data).toEqual({ a: 'changed' });
    expect(await person.find(WIDGET)).toBeDefined();
    expect(proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  test('a definition that leaves Git with its objects: confirmed, the objects go first', async () => {
    const engine = await startEngine(all, { flags: ['--sync-garbage-collection'] });
    const { time, repository, proxy, person, daemon } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    proxy.clear();
    repository.commit(others, { 'allow-prune': '2' });
    daemon.startSync();
    await time.pass(10 * MINUTE);
    const deletions = proxy.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
    expect(deletions).toEqual([`/${WIDGET}`, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.acme.io']);
    expect(await person.find(configMapPath('a'))).toBeDefined();
  });
});
