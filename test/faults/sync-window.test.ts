import { expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { startEngine } from './engine.ts';
import { configMap, configMapPath, namespace, yaml } from './manifests.ts';
import { createRepository } from './repository.ts';
import { outcomes } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const files = (value: string) => ({ 'shop.yaml': yaml(namespace('shop'), configMap('cart', { version: value })) });

/** Opens every hour for ten minutes. */
const WINDOW = '0 * * * * / 10m / UTC';
const flags = [`--sync-window=${WINDOW}`];

test('outside of its window a commit is not applied, drift is corrected, and at the opening it is applied at once', async () => {
  const engine = await startEngine(files('1'), { flags });
  const { clock, time, person, repository, daemon } = engine;
  const live = async () => (await person.find(configMapPath('cart')))?.data;
  const untilMinute = (minute: number) => time.pass((minute * MINUTE - (clock.now() % HOUR) + HOUR) % HOUR);

  await untilMinute(1);
  await time.until('the first revision is applied', () => repository.tag !== undefined, 10 * MINUTE);
  const first = repository.tag;
  await untilMinute(15);
  const second = repository.commit(files('2'));
  await time.pass(20 * MINUTE);
  expect(await live()).toEqual({ version: '1' });
  expect(repository.tag).toBe(first);
  expect(daemon.readiness()).toEqual({
    ready: true,
    reason: expect.stringMatching(
      /^revision \w{7} waits: outside of --sync-window .*; new revisions are applied from .*:00:00Z on$/,
    ),
  });
  expect(() => daemon.startSync()).toThrow(expect.objectContaining({ code: 'sync/window-closed' }));
  const job = daemon.update({ type: 'sync', cause: { Message: '', User: '' }, spec: {} });
  await expect(job).rejects.toMatchObject({ code: 'sync/window-closed' });
  expect(() => daemon.approveDeletions('0123456789abcdef')).toThrow(expect.objectContaining({ code: 'sync/window-closed' }));

  await person.patch(configMapPath('cart'), { data: { version: 'by hand' } });
  await time.pass(MINUTE);
  expect(await live()).toEqual({ version: '1' });
  expect(repository.tag).toBe(first);

  await untilMinute(0);
  await time.pass(5_000);
  expect(await live()).toEqual({ version: '2' });
  expect(repository.tag).toBe(second);
  expect(daemon.readiness()).toEqual({ ready: true, reason: '' });
  expect(engine.log.filter(({ msg, revision }) => msg === 'revision waits' && revision === second)).toHaveLength(1);
});

test('a start outside of the window after a sync without its record reverts and deletes nothing', async () => {
  const repository = createRepository({
    'shop.yaml': yaml(namespace('shop'), configMap('cart', { version: '1' }), configMap('left', {}), configMap('same', {})),
  });
  const { source } = repository;
  let isRefused = false;
  const before = await startEngine(
    {},
    {
      flags: ['--sync-garbage-collection'],
      source: {
        ...source,
        recordSync: (...request) =>
          isRefused
            ? Promise.reject(new FluxError('the tag is protected', { code: 'git/push-failed' }))
            : source.recordSync(...request),
      },
    },
  );
  const { person } = before;
  const live = async (name: string) => (await person.find(configMapPath(name)))?.data;
  await before.sync();
  const first = repository.tag;
  const record = repository.record();
  isRefused = true;
  repository.commit({
    'shop.yaml': yaml(
      namespace('shop'),
      configMap('cart', { version: '2' }),
      configMap('new', { v: '2' }),
      configMap('same', {}),
    ),
  });
  await before.sync();
  expect([await live('cart'), await live('left'), repository.tag]).toEqual([{ version: '2' }, undefined, first]);
  await before.stop();

  const engine = await startEngine(
    {},
    {
      site: before,
      flags: ['--sync-garbage-collection', '--sync-freeze=0 0 * * * / 25h / UTC'],
      source,
    },
  );
  const { time, daemon } = engine;
  await time.until('it is ready', () => daemon.readiness().ready, 10 * MINUTE);
  for (const round of ['first', 'later']) {
    await person.delete(configMapPath('same'));
    await time.pass(20 * MINUTE);
    expect([round, await live('cart'), await live('new'), await live('left')]).toEqual([
      round,
      { version: '2' },
      { v: '2' },
      undefined,
    ]);
    expect(await person.find(configMapPath('same'))).toBeDefined();
  }
  expect([repository.tag, repository.record()]).toEqual([first, record]);
  const { objects } = daemon.objects();
  expect(objects.find(({ id }) => id === 'shop:configmap/cart')).toMatchObject({
    state: 'held',
    reason: expect.stringContaining('a later revision may have been applied'),
  });

  const { id } = daemon.startSync({ overridesWindow: true });
  await time.until('the sync is done', () => daemon.sync(id).state === 'done', 10 * MINUTE);
  expect(outcomes(daemon.sync(id).changes)).toEqual({});
  expect(repository.tag).toBe(repository.head);
});

test('a daemon that starts outside of its window applies what is certain; a person may override the window, once', async () => {
  const before = await startEngine(files('1'));
  const { repository } = before;
  await before.sync();
  const first = repository.tag;
  const second = repository.commit(files('2'));
  await before.stop();
  await before.person.patch(configMapPath('cart'), { data: { version: 'by hand' } });

  const engine = await startEngine(
    {},
    { site: before, flags: ['--sync-freeze=0 0 * * * / 25h / UTC'], source: repository.source },
  );
  const { time, person, daemon } = engine;
  const live = async () => (await person.find(configMapPath('cart')))?.data;
  await time.until('its first sync ended', () => daemon.readiness().reason.includes('in --sync-freeze'), 10 * MINUTE);
  expect(await live()).toEqual({ version: '1' });
  expect(repository.tag).toBe(first);
  expect(daemon.readiness().ready).toBe(true);

  const { id } = daemon.startSync({ overridesWindow: true });
  await time.until('the sync is done', () => daemon.sync(id).state === 'done', 10 * MINUTE);
  expect(outcomes(daemon.sync(id).changes)).toMatchObject({ 'shop:configmap/cart': 'configured' });
  expect(await live()).toEqual({ version: '2' });
  expect(repository.tag).toBe(second);
  expect(repository.record()).toMatchObject({ windowOverridden: 'in --sync-freeze "0 0 * * * / 25h / UTC"' });
  expect(engine.log.map(({ msg }) => msg)).toContain('sync window overridden');

  repository.commit(files('3'));
  await time.pass(20 * MINUTE);
  expect(await live()).toEqual({ version: '2' });
});

test('nothing is applied from a fresh repository outside of the window, and that is no fault', async () => {
  const engine = await startEngine(files('1'), { flags: ['--sync-freeze=0 0 * * * / 25h / UTC'] });
  await engine.time.pass(10 * MINUTE);
  expect(engine.daemon.readiness()).toEqual({ ready: true, reason: expect.stringContaining('waits: in --sync-freeze') });
  expect(await engine.person.find(configMapPath('cart'))).toBeUndefined();
  expect(engine.repository.tag).toBeUndefined();
});
