import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type Files, manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A folder whose command prints a file of it. */
const unit = (file: string, ...dependsOn: readonly object[]) =>
  JSON.stringify({ version: 1, dependsOn, commandUpdated: { generators: [{ command: `cat ${file}` }] } });

/** Only health, and the commits that a person announces, make a sync begin. */
const ARGS = [
  ...['--manifest-generation', '--generation-sandbox=best-effort', '--sync-garbage-collection', '--registry-disable-scanning'],
  ...['--git-path=base,db,app', '--git-poll-interval=1h', '--sync-interval=1h'],
];

/** An app that needs a healthy database, both generated, and their namespace as a plain file. */
async function startShop(tag: string, more: (shop: string) => Files = () => ({})) {
  const shop = world.namespace('order');
  const name = world.unique('acme/db');
  await world.push(name, '1.0.0', { version: '1.0.0' });
  await world.push(name, '1.1.0', { version: '1.1.0' });
  const db = (version: string) =>
    manifest.deployment({ namespace: shop, name: 'db', image: `${world.registry}/${name}:${version}` });
  const app = (greeting: string) => manifest.configMap(shop, 'app', { greeting });
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'base/namespace.yaml': manifest.namespace(shop),
    'db/.flux.yaml': unit('db.yaml', { path: 'base' }),
    'db/db.yaml': db(tag),
    'app/.flux.yaml': unit('*.yaml', { path: 'base' }, { path: 'db', healthy: true }),
    'app/app.yaml': app('first'),
    ...more(shop),
  });
  const fluxd = await world.fluxd(repository, { args: ARGS });
  const record = await repository.synced(first);
  const greeting = async () => (await world.kube.find(path.configMap(shop, 'app')))?.data.greeting;
  const reasonOf = (changes: typeof record.changes) => changes.find(({ id }) => id === `${shop}:configmap/app`)?.reason;
  return { shop, repository, fluxd, first, record, db, app, greeting, reasonOf };
}

test.runIf(thorough('a dependency that becomes healthy'))(
  'an app is applied as soon as its database is healthy, without another request, and the record says so',
  async () => {
    const { shop, repository, fluxd, first, record, db, app, greeting, reasonOf } = await startShop('1.0.0');
    const waits = `waits for db: ${shop}:deployment/db is not ready`;
    // The namespace and the database were applied in one sync.
    expect(record.counts.created).toBeGreaterThanOrEqual(2);
    expect([waits, undefined]).toContain(reasonOf(record.changes));
    await until('the app is applied', async () => (await greeting()) === 'first');
    const recorded = async () => JSON.parse(await repository.git('notes', '--ref=flux-sync', 'show', first));
    await until('the record says so', async () => reasonOf((await recorded()).changes) === undefined);
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 3 });

    await repository.commit('Another database, and another greeting', {
      'db/db.yaml': db('1.1.0'),
      'app/app.yaml': app('second'),
    });
    const waited = await fluxd.fluxctl('sync', '--wait');
    expect(waited).toMatchObject({ code: 0, stderr: expect.stringContaining('3 of 3 objects healthy.') });
    expect(waited.stdout).toContain(`held ${shop}:configmap/app (app/.flux.yaml`);
    expect(await greeting()).toBe('second');
  },
);

test.runIf(thorough('a dependency that is never healthy'))(
  'a dependency that is never healthy is named, holds up only what depends on it, and a later revision ends that',
  async () => {
    const { shop, repository, fluxd, db, app, greeting, reasonOf } = await startShop('missing');
    const waits = `waits for db: ${shop}:deployment/db is not ready`;
    const second = await repository.commit('Another greeting, and another map', {
      'app/app.yaml': app('second'),
      'base/map.yaml': manifest.configMap(shop, 'base'),
    });
    await fluxd.fluxctl('sync');
    const record = await repository.synced(second);
    expect(reasonOf(record.changes)).toBe(waits);
    expect(record.counts).toEqual({ created: 1, unchanged: 2, held: 1 });

    const status = await fluxd.fluxctl('status');
    expect(status.stdout.replace(/\s+/g, ' ')).toContain(`held ${shop}:configmap/app app/.flux.yaml ${waits}`);
    const why = await fluxd.fluxctl('why', `${shop}:configmap/app`);
    const said = why.stdout.replace(/\s+/g, ' ');
    expect(said).toContain(`${shop}:configmap/app is not applied yet: it ${waits}.`);
    expect(said).toContain(`fluxctl why ${shop}:deployment/db says more.`);

    await fluxd.restart();
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 3, held: 1 });
    expect(await greeting()).toBeUndefined();

    await repository.commit('An image that exists', { 'db/db.yaml': db('1.0.0') });
    await fluxd.fluxctl('sync');
    await until('the app is applied', async () => (await greeting()) === 'second');
  },
);

test.runIf(thorough('a restart while an app waits'))('a restart while an app waits ends in the same result', async () => {
  const { repository, fluxd, db, greeting } = await startShop('missing');
  await fluxd.kill();
  await repository.commit('An image that exists', { 'db/db.yaml': db('1.0.0') });
  await fluxd.restart();
  await until('the app is applied', async () => (await greeting()) === 'first');
});

test.runIf(thorough('an update that waits'))(
  'an app that runs is neither changed nor pruned while its new database is not healthy',
  async () => {
    const { shop, repository, fluxd, db, app, greeting } = await startShop('1.0.0', (ns) => ({
      'app/old.yaml': `---\n${manifest.configMap(ns, 'old')}`,
    }));
    await until('the app is applied', async () => (await greeting()) === 'first');
    const second = await repository.commit('A database that does not start', {
      'db/db.yaml': db('missing'),
      'app/app.yaml': app('second'),
      'app/old.yaml': null,
    });
    await fluxd.fluxctl('sync');
    const record = await repository.synced(second);
    expect(record.counts).toEqual({ configured: 1, unchanged: 1, held: 2 });
    await fluxd.sync();
    expect(await greeting()).toBe('first');
    expect(await world.kube.find(path.configMap(shop, 'old'))).toBeDefined();

    await repository.commit('One that does', { 'db/db.yaml': db('1.1.0') });
    await fluxd.fluxctl('sync');
    await until('it is applied', async () => (await greeting()) === 'second');
    await until('the rest is gone', async () => (await world.kube.find(path.configMap(shop, 'old'))) === undefined);
  },
);

test.runIf(thorough('dependencies that are refused, end to end'))(
  'folders that depend on each other, or on nothing, are refused by name, and lose no object',
  async () => {
    const { shop, repository, fluxd, greeting } = await startShop('1.0.0');
    await until('the app is applied', async () => (await greeting()) === 'first');
    const circle = await repository.commit('A circle', {
      'db/.flux.yaml': unit('db.yaml', { path: 'app' }),
      'base/map.yaml': manifest.configMap(shop, 'base'),
    });
    await fluxd.fluxctl('sync');
    const record = await repository.synced(circle);
    const why = 'app/.flux.yaml and db/.flux.yaml depend on each other';
    const refused = ['app/.flux.yaml', 'db/.flux.yaml'].map((place) => ({ outcome: 'refused', place, reason: why }));
    expect(record.changes).toEqual(expect.arrayContaining(refused.map((each) => expect.objectContaining(each))));
    expect(record.counts).toEqual({ created: 1, unchanged: 1, held: 2 });
    expect(await greeting()).toBe('first');

    const nowhere = await repository.commit('A path that is none', { 'db/.flux.yaml': unit('db.yaml', { path: 'bsae' }) });
    await fluxd.fluxctl('sync');
    const second = await repository.synced(nowhere);
    const reason = 'it depends on "bsae", from where nothing is applied';
    expect(second.changes).toContainEqual(expect.objectContaining({ outcome: 'refused', place: 'db/.flux.yaml', reason }));
    expect(await world.kube.find(path.deployment(shop, 'db'))).toBeDefined();
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 3, held: 1 });
  },
);
