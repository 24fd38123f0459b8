import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('bans, end to end'))(
  'a banned image is passed over by automation, and released only by force, until the ban is lifted',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) await world.push(name, version, { version });
    // The same image under another tag.
    await world.push(name, '1.3.1', { version: '1.3.0' });
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({
        namespace: shop,
        name: 'web',
        image: `${image}:1.0.0`,
        annotations: { 'fluxcd.io/tag.web': 'semver:~1' },
      }),
    });
    const fluxd = await world.fluxd(repository);
    await repository.synced(first);
    const workload = `${shop}:deployment/web`;
    const policy = (...flags: string[]) => fluxd.fluxctl('policy', '-w', workload, ...flags);
    const text = () => repository.text('web.yaml');

    const invalid = await policy('--ban=web=not a tag');
    expect(invalid.code).toBe(1);
    expect(invalid.stderr).toContain('invalid ban: "not a tag"');
    let digest = '';
    await until('the digests are known', async () => {
      const { stdout } = await fluxd.fluxctl('list-images', '-w', workload, '-o', 'json');
      const available: readonly { ID: string; Digest?: string }[] = JSON.parse(stdout)?.[0]?.Containers?.[0]?.Available ?? [];
      digest = available.find(({ ID }) => ID.endsWith(':1.3.0'))?.Digest ?? '';
      return digest !== '';
    });
    expect(await policy('--ban=web=1.2.0', `--ban=web=1.3.0@${digest}`, '--automate')).toMatchObject({ code: 0 });
    expect(await text()).toContain(`fluxcd.io/ban.web: 1.2.0, 1.3.0@${digest}`);
    expect(await repository.git('log', '--format=%B', 'main')).toContain(`Banned images: ${workload}`);
    await until('the newest allowed version is in Git', async () => (await text()).includes(`${image}:1.1.0`));

    const listed = await fluxd.fluxctl('list-images', '-w', workload);
    expect(listed.stdout).toContain('1.2.0 (banned)');
    expect(listed.stdout).toContain('1.3.1 (banned)');
    expect(listed.stdout).toContain(`tag 1.3.1 is banned by its digest ${digest}`);
    await until('an Event on the workload says so', async () => {
      const { items } = await world.kube.get(`apis/events.k8s.io/v1/namespaces/${shop}/events`);
      const events: readonly { reason?: string; note?: string; regarding?: { name?: string } }[] = items;
      return events.some(({ reason, note = '', regarding }) => {
        return reason === 'ImageUpdateHeld' && note.startsWith('web: tag 1.3.1 is banned') && regarding?.name === 'web';
      });
    });
    const metrics = await (await fetch(new URL('/metrics', fluxd.url))).text();
    expect(metrics).toContain('flux_automation_containers{state="held",reason="banned"} 1');
    const release = (...flags: string[]) =>
      fluxd.fluxctl('release', '--workload', workload, `--update-image=${image}:1.2.0`, ...flags);
    const refused = await release();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('tag 1.2.0 is banned; release it by name with --force, or lift the ban');
    expect(await text()).toContain(`${image}:1.1.0`);
    expect(await release('--force')).toMatchObject({ code: 0 });
    expect(await text()).toContain(`${image}:1.2.0`);

    expect(await policy(`--unban=web=@${digest}`)).toMatchObject({ code: 0 });
    expect(await text()).toMatch(/fluxcd\.io\/ban\.web: 1\.2\.0$/m);
    await until('automation takes what is allowed again', async () => (await text()).includes(`${image}:1.3.1`));
  },
);
