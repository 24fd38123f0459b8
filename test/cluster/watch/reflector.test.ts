import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import type { Transport } from '../../../src/cluster/connection/transport.ts';
import { metadataOf } from '../../../src/cluster/object/live.ts';
import { createReflector, type Reflector } from '../../../src/cluster/watch/reflector.ts';
import { type Kubernetes, startKubernetes } from '../../../src/sim/index.ts';
import { until } from '../../support/until.ts';
import { CONFIG_MAPS, transportTo } from '../transport-to.ts';

describe('a reflector', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-reflector-'));
  let server: Kubernetes;
  let transport: Transport;
  const open: Reflector<unknown>[] = [];
  let changed: string[] = [];

  beforeAll(async () => {
    server = await startKubernetes();
    const kubeconfigFile = join(directory, 'kubeconfig');
    writeFileSync(kubeconfigFile, server.kubeconfig());
    transport = await transportTo(kubeconfigFile, systemClock);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.close();
    changed = [];
  });
  afterAll(async () => {
    transport.close();
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  function reflect(labelSelector?: string): Reflector<string> {
    const reflector = createReflector({
      transport,
      clock: systemClock,
      log: silentLogger(),
      resource: CONFIG_MAPS,
      namespace: 'default',
      detail: 'metadata',
      ...(labelSelector === undefined ? {} : { labelSelector }),
      trim: (object) => metadataOf(object).annotations?.a ?? '',
      onChange: (key) => changed.push(key),
    });
    open.push(reflector);
    return reflector;
  }

  async function put(name: string, a: string, labels: Record<string, string> = {}): Promise<unknown> {
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', annotations: { a }, labels },
    };
    const response = await transport.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/default/configmaps/${name}`,
      query: { fieldManager: 'test', force: 'true' },
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(body),
    });
    return response.body;
  }

  const remove = (name: string) => transport.request({ method: 'DELETE', path: `/api/v1/namespaces/default/configmaps/${name}` });

  test('holds what is there, and follows what comes, changes and goes, without another list (R-006)', async () => {
    await put('first', '1');
    const reflector = reflect();
    await reflector.current();
    expect(reflector.objects.get('default/first')).toBe('1');
    await put('second', '2');
    await put('first', 'one');
    await until(
      'both are seen',
      () => reflector.objects.get('default/second') === '2' && reflector.objects.get('default/first') === 'one',
    );
    await remove('second');
    await until('it is gone', () => !reflector.objects.has('default/second'));
    expect(reflector.lists).toBe(1);
    expect(changed).toEqual(['default/second', 'default/first', 'default/second']);
  });

  test('sees an object go that loses the label it is selected by', async () => {
    await put('labelled', '1', { team: 'a' });
    const reflector = reflect('team');
    await reflector.current();
    expect([...reflector.objects.keys()]).toEqual(['default/labelled']);
    await put('labelled', '1');
    await until('it is gone', () => reflector.objects.size === 0);
  });

  test('takes what a write answered at once, and does not take it for a change when the watch says so too', async () => {
    const reflector = reflect();
    await reflector.current();
    reflector.note((await put('noted', 'mine')) as Record<string, unknown>, () => 'mine');
    expect(reflector.objects.get('default/noted')).toBe('mine');
    await put('noted', 'theirs');
    await until('the other write is seen', () => reflector.objects.get('default/noted') === 'theirs');
    expect(changed.filter((key) => key === 'default/noted').length).toBeLessThanOrEqual(2);
  });

  test('hears nothing while it rests, and of everything when it is woken, without another list', async () => {
    const reflector = reflect();
    await reflector.current();
    reflector.rest();
    await until('it rests', () => !reflector.live);
    reflector.note((await put('at-rest', 'mine')) as Record<string, unknown>, () => 'mine');
    await put('at-rest-too', 'theirs');
    expect(reflector.objects.get('default/at-rest')).toBe('mine');
    expect(reflector.objects.has('default/at-rest-too')).toBe(false);
    reflector.wake();
    await until('it has heard of it', () => reflector.objects.get('default/at-rest-too') === 'theirs');
    expect(reflector.objects.get('default/at-rest')).toBe('mine');
    expect(changed).not.toContain('default/at-rest');
    expect(reflector.lists).toBe(1);
  });

  test('rests no longer than until somebody asks for what is current', async () => {
    const reflector = reflect();
    await reflector.current();
    reflector.rest();
    await until('it rests', () => !reflector.live);
    await put('asked-for', '1');
    await reflector.current();
    expect(reflector.live).toBe(true);
    await until('it has heard of it', () => reflector.objects.get('default/asked-for') === '1');
  });

  test('that is woken before it has let go of the watch goes on at once', async () => {
    const reflector = reflect();
    await reflector.current();
    reflector.rest();
    reflector.wake();
    await put('after-all', '1');
    await until('it has heard of it', () => reflector.objects.get('default/after-all') === '1');
  });
});
