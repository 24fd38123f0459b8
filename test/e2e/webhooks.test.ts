import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildImage, pushImage } from '../cluster/real/image.ts';
import { thorough } from '../support/sampled.ts';
import {
  createWebhooks,
  haveDockerRegistry,
  manifest,
  path,
  startDockerRegistry,
  startWorld,
  until,
  type Webhooks,
  type World,
} from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function webhooks() {
  const made = await createWebhooks();
  onTestFinished(() => made.remove());
  return made;
}

/** Nothing comes by itself: what happens, a webhook asked for. */
const NO_POLLS = ['--git-poll-interval=1h', '--sync-interval=1h'];

test.runIf(thorough('a webhook of a Git host, end to end'))(
  'a push that a webhook tells of is applied, without waiting for a poll',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'shop.yaml': manifest.namespace(shop),
      'greeting.yaml': manifest.configMap(shop, 'greeting', { text: 'hello' }),
    });
    const hooks = await webhooks();
    const fluxd = await world.fluxd(repository, { args: [...NO_POLLS, '--registry-disable-scanning', ...hooks.args] });
    await repository.synced(first);

    const url = `file://${repository.directory}`;
    const second = await repository.commit('Be polite', {
      'greeting.yaml': manifest.configMap(shop, 'greeting', { text: 'good day' }),
    });
    // Hostile, malformed and foreign ones come first, and do nothing.
    const push = hooks.gitHubPush({ url, branch: 'main' });
    const forged = { ...push.headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    expect(await hooks.send({ ...push, headers: forged })).toBe(404);
    expect(await hooks.send({ ...push, path: `/hook/${'0'.repeat(64)}` })).toBe(404);
    expect(await hooks.send(hooks.gitHubPush({ url, branch: 'next' }))).toBe(200);
    expect(await hooks.send(hooks.gitHubPush({ url: 'https://git.example/other', branch: 'main' }))).toBe(200);
    expect(fluxd.log().split('sync started')).toHaveLength(2);
    expect((await world.kube.get(path.configMap(shop, 'greeting'))).data).toEqual({ text: 'hello' });

    const begin = performance.now();
    expect(await hooks.send(push)).toBe(202);
    await until('it is applied', async () => (await world.kube.get(path.configMap(shop, 'greeting'))).data?.text === 'good day');
    console.log(`from the webhook to applied: ${(performance.now() - begin).toFixed(0)} ms`);
    await repository.synced(second);
  },
);

/** A shop whose image is automated, and a daemon that knows the first one and does not look again by itself. */
async function automated(image: string, hooks: Webhooks, args: readonly string[] = []) {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'shop.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({
      namespace: shop,
      name: 'web',
      image: `${image}:1.0.0`,
      replicas: 0,
      annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:^1' },
    }),
  });
  const fluxd = await world.fluxd(repository, { args: [...NO_POLLS, '--automation-interval=1h', ...hooks.args, ...args] });
  await repository.synced(first);
  const images = async () => (await fluxd.api(`v10/images?service=${shop}:deployment/web`)).text();
  await until('the first image is known', async () => (await images()).includes(`${image}:1.0.0`));
  return { repository, first };
}

test.runIf(thorough('a webhook of a registry, end to end'))(
  'a new image that a webhook tells of is committed, without waiting for a scan',
  async () => {
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    await world.push(name, '1.0.0', { version: '1.0.0' });
    const hooks = await webhooks();
    const { repository, first } = await automated(image, hooks);

    await world.push(name, '1.0.1', { version: '1.0.1' });
    expect(await hooks.send(hooks.generic({ image: `${image}:1.0.1` }))).toBe(202);
    await until('the new image is committed', () => repository.head() !== first);
    expect(await repository.text('web.yaml')).toContain(`${image}:1.0.1`);
    await repository.synced(repository.head());
  },
);

test.runIf(haveDockerRegistry() && thorough("the same of Docker's registry"))(
  "a push to Docker's registry is committed, without waiting for a scan",
  async () => {
    const hooks = await webhooks();
    const registry = await startDockerRegistry(hooks.registryEvents);
    const push = (tag: string) =>
      pushImage(registry, 'acme/web', tag, buildImage({ program: Buffer.from(tag), path: '/web', labels: { tag } }));
    await push('1.0.0');
    const image = `${registry}/acme/web`;
    const { repository, first } = await automated(image, hooks, [`--registry-insecure-host=${registry}`]);

    const begin = performance.now();
    await push('1.0.1');
    await until('the new image is committed', () => repository.head() !== first);
    console.log(`from the push to the commit: ${(performance.now() - begin).toFixed(0)} ms`);
    expect(await repository.text('web.yaml')).toContain(`${image}:1.0.1`);
  },
);
