import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { serveGitOverHttp } from '../git/support/http-server.ts';
import { type Imitation, imitationInTest, TOKEN } from '../git-host/support/imitation.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const CONFIDENTIAL = [TOKEN, Buffer.from(TOKEN).toString('base64')];

/** A shop whose image is automated and proposed at an imitation of GitHub, on a repository that is served over HTTP. */
async function openShop(annotations: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const host = await imitationInTest('github');
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  await world.push(name, '1.0.0', { version: '1.0.0' });
  const repository = await world.repository();
  const root = mkdtempSync(join(tmpdir(), 'flux-pulls-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'git/acme'), { recursive: true });
  symlinkSync(repository.directory, join(root, 'git/acme/shop.git'));
  const { origin } = await serveGitOverHttp(join(root, 'git'));
  writeFileSync(join(root, 'token'), `${TOKEN}\n`);
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0`, annotations }),
  });
  const fluxd = await world.fluxd(repository, {
    args: [
      `--git-url=${origin}/acme/shop.git`,
      '--automation-interval=1s',
      '--automation-gather=0s',
      '--git-push-branch=flux-updates',
      '--pull-request=github',
      `--pull-request-api-url=${host.api}`,
      `--pull-request-token-file=${join(root, 'token')}`,
      '--pull-request-labels=flux',
      ...args,
    ],
  });
  await repository.synced(first);
  return {
    host,
    fluxd,
    repository,
    first,
    image,
    namespace: shop,
    workload: `${shop}:deployment/web`,
    push: (tag: string) => world.push(name, tag, { version: tag }),
    text: (branch: string) => repository.git('show', `${branch}:web.yaml`),
    /** As a person who clicks the button. */
    async merge(how: 'merge' | 'squash') {
      const [pull] = host.pulls;
      if (!pull) throw new Error('there is no request');
      await repository.pull();
      await repository.inClone('fetch', '--quiet', 'origin', pull.head);
      await repository.inClone(
        'merge',
        '--quiet',
        ...(how === 'squash' ? ['--squash'] : ['--no-ff', '-m', 'Merge']),
        'FETCH_HEAD',
      );
      if (how === 'squash') await repository.inClone('commit', '--quiet', '-m', 'Squashed');
      await repository.inClone('push', '--quiet', 'origin', 'HEAD:main');
      pull.state = 'merged';
      return (await repository.inClone('rev-parse', 'HEAD')).trim();
    },
  };
}

const AUTOMATED = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*' };
const settled = ({ pulls }: Imitation, text: string) =>
  pulls[0]?.state === 'open' && pulls[0].body.includes(text) && !pulls[0].body.includes('text=unfinished');

test.runIf(thorough('pull requests, end to end'))(
  'new images make a request, which is updated in place, and gone once it is merged',
  async () => {
    const { host, fluxd, repository, first, image, push, text, merge, namespace, workload } = await openShop(AUTOMATED);
    await push('1.1.0');
    await until('the request is complete', async () => settled(host, '`1.1.0`'));
    expect(host.pulls).toMatchObject([
      { number: 12, head: 'flux-updates', base: 'main', title: `Update ${image} to 1.1.0`, labels: ['flux'] },
    ]);
    expect(await text('flux-updates')).toContain(`${image}:1.1.0 # kept current by Flux`);
    expect(repository.head()).toBe(first);
    const listed = await fluxd.fluxctl('list-images', '--workload', workload);
    expect(listed.stdout).toContain('waiting: pull request #12');
    const why = await fluxd.fluxctl('why', '-n', namespace, 'deployment/web');
    expect(why.stdout).toContain('pull request #12');

    await push('1.2.0');
    await until('the request is updated', async () => settled(host, '`1.2.0`'));
    expect(host.pulls).toMatchObject([{ number: 12, title: `Update ${image} to 1.2.0` }]);
    expect((await repository.git('rev-list', '--count', 'main..flux-updates')).trim()).toBe('1');

    const merged = await merge('merge');
    await fluxd.sync();
    await repository.synced(merged);
    await until('the branch is gone', async () => (await repository.resolve('refs/heads/flux-updates')) === undefined);
    expect(await text('main')).toContain(`${image}:1.2.0`);
    expect(host.pulls).toMatchObject([{ number: 12, state: 'merged' }]);
    for (const secret of CONFIDENTIAL) expect(fluxd.log()).not.toContain(secret);
    expect(host.log.filter((line) => / [45]\d\d/.test(line))).toEqual([]);
  },
);

test.runIf(thorough('a closed pull request, end to end'))(
  'a closed request is not made again for the same image, but for the next, on the branch that people move',
  async () => {
    const { host, fluxd, repository, push, merge, workload } = await openShop(AUTOMATED);
    await push('1.1.0');
    await until('the request is complete', async () => settled(host, '`1.1.0`'));
    const [pull] = host.pulls;
    if (pull) pull.state = 'closed';
    const moved = await repository.commit('A change by a person', {
      'more.yaml': manifest.configMap('default', world.unique('more'), { a: '1' }),
    });
    await fluxd.sync();
    await repository.synced(moved);
    await until('it is known', async () =>
      (await fluxd.fluxctl('list-images', '--workload', workload)).stdout.includes('#12 was closed'),
    );
    expect(host.pulls).toHaveLength(1);
    await push('1.2.0');
    await until('another request', async () => settled(host, '`1.2.0`'));
    expect(host.pulls).toMatchObject([
      { number: 13, state: 'open' },
      { number: 12, state: 'closed' },
    ]);
    const head = await merge('squash');
    await fluxd.sync();
    await repository.synced(head);
    await until('the branch is gone', async () => (await repository.resolve('refs/heads/flux-updates')) === undefined);
  },
);

test.runIf(thorough('a proposed release, end to end'))(
  'a release is proposed as well, and its job ends with the request and no revision',
  async () => {
    const { host, fluxd, repository, first, image, push, workload } = await openShop({}, [
      '--git-push-branch-releases',
      '--pull-request-per=workload',
    ]);
    await push('1.1.0');
    const released = await fluxd.fluxctl('release', '--workload', workload, '--update-image', `${image}:1.1.0`);
    expect(released.stderr).toMatch(/Pull request:\t#12 http:\S+\/acme\/shop\/pull\/12\n/);
    expect(released.stderr).not.toContain('Commit pushed');
    expect(released.code).toBe(0);
    expect(repository.head()).toBe(first);
    const head = host.pulls[0]?.head ?? '';
    expect(head).toMatch(/^flux-updates-.*-deployment-web$/);
    // It stays, although the workload is not automated.
    const moved = await repository.commit('A change by a person', {
      'more.yaml': manifest.configMap('default', world.unique('more'), { a: '1' }),
    });
    await fluxd.sync();
    await until('it is rebuilt', async () => (await repository.git('rev-parse', `${head}^`)).trim() === moved);
    expect(host.pulls).toMatchObject([{ number: 12, state: 'open' }]);
    expect(await repository.git('log', '-1', '--format=%s', head)).toContain(image);
  },
);
