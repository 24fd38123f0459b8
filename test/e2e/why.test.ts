import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WhyWire } from '../../src/api/wire/index.ts';
import { type Fluxd, manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** The answer as data. */
async function whyOf(fluxd: Fluxd, ...words: readonly string[]): Promise<WhyWire> {
  const { stdout, stderr } = await fluxd.fluxctl('why', ...words, '-o', 'json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Waits until the cause of an object's state is found, and returns the answer. */
async function untilCause(fluxd: Fluxd, cause: string, ...words: readonly string[]): Promise<WhyWire> {
  let found: WhyWire | undefined;
  await until(`why says ${cause}`, async () => {
    found = await whyOf(fluxd, ...words);
    return found.cause === cause;
  });
  if (!found) throw new Error('no answer');
  return found;
}

test('the chain of an automated workload, from the line in Git to the sync', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) await world.push(name, version, { version });
  const repository = await world.repository();
  const web = (annotations: Readonly<Record<string, string>>) =>
    manifest.deployment({
      namespace: shop,
      name: 'web',
      image: `${image}:1.0.0`,
      annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1', ...annotations },
    });
  await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'deploy/web.yaml': web({ 'fluxcd.io/ban.web': '1.2.0' }),
  });
  const fluxd = await world.fluxd(repository);
  const id = `${shop}:deployment/web`;
  await until('automation commits', async () => (await repository.git('show', 'main:deploy/web.yaml')).includes('1.1.0'));
  const banned = await untilCause(fluxd, 'decision/banned', id);
  expect(banned.answer).toBe(`${id} is not updated: tag 1.2.0 is banned.`);
  await until('the commit is applied', async () => {
    const { links } = await whyOf(fluxd, id);
    return links.find(({ kind }) => kind === 'sync')?.code === 'in-sync';
  });
  const { links } = await whyOf(fluxd, id);
  expect(links.find(({ kind }) => kind === 'commit')?.text).toMatch(/^[0-9a-f]{7} by automation$/);
  expect(links.find(({ kind }) => kind === 'place')?.text).toBe('deploy/web.yaml:2');
  expect(await whyOf(fluxd, '--image', `${image}:1.2.0`)).toMatchObject({ id, cause: 'decision/tag-banned' });
  expect(await whyOf(fluxd, '--file', 'deploy/web.yaml:10')).toMatchObject({ id, cause: 'decision/banned' });
  const { code, stdout } = await fluxd.fluxctl('why', id);
  expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: banned.answer });
});

test('a rollout that fails is explained by its pods', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  await world.push(name, '1.0.0', { version: '1.0.0' });
  await world.push(name, 'crash', { version: '1.0.0', exitCode: 3 });
  const repository = await world.repository();
  const web = (workload: string, tag: string) =>
    manifest.deployment({ namespace: shop, name: workload, image: `${image}:${tag}` });
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'deploy/web.yaml': [web('good', '1.0.0'), web('gone', 'missing'), web('crash', 'crash')].join('---\n'),
  });
  const fluxd = await world.fluxd(repository);
  await repository.synced(first);
  const gone = await untilCause(fluxd, 'rollout/image-pull', `${shop}:deployment/gone`);
  expect(gone.answer).toContain(`its image ${image}:missing cannot be pulled`);
  const crash = await untilCause(fluxd, 'rollout/crash-loop', `${shop}:deployment/crash`);
  expect(crash.answer).toContain('exit code 3, its program failed');
  expect(await untilCause(fluxd, 'ok', `${shop}:deployment/good`)).toMatchObject({ state: 'ok' });
  // The worst of the file comes first.
  const inFile = await whyOf(fluxd, '--file', 'deploy/web.yaml');
  expect(inFile.id).not.toBe(`${shop}:deployment/good`);
  expect(inFile.others.map(({ id }) => id)).toContain(`${shop}:deployment/good`);
});
