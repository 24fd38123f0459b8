import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { haveSigners } from '../git/support/signing-keys.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, signAndVerify, startWorld, until, verified, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe.runIf(haveSigners())('signing and verification', () => {
  test.runIf(thorough('signatures of commits, end to end'))(
    'what fluxd commits is accepted by itself; an unsigned commit stops syncs and updates, and says so',
    async () => {
      const shop = world.namespace('shop');
      const name = world.unique('acme/web');
      const image = `${world.registry}/${name}`;
      for (const tag of ['1.0.0', '1.1.0']) await world.push(name, tag, { version: tag });
      const repository = await world.repository();
      const signing = await signAndVerify(repository);
      const first = await repository.commit('Open the shop', {
        'namespace.yaml': manifest.namespace(shop),
        'a.yaml': manifest.configMap(shop, 'a'),
        'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0` }),
      });
      const fluxd = await world.fluxd(repository, {
        args: [...signing, '--git-poll-interval=1s'],
      });
      await repository.synced(first);

      const release = await fluxd.fluxctl('release', `--workload=${shop}:deployment/web`, `--update-image=${image}:1.1.0`);
      expect(release).toMatchObject({ code: 0 });
      const released = repository.head();
      expect(released).not.toBe(first);
      await repository.synced(released);
      await fluxd.fluxctl('policy', `--workload=${shop}:deployment/web`, '--automate', '--tag-all=semver:*');
      await world.push(name, '1.2.0', { version: '1.2.0' });
      await until('automation has committed', async () => (await repository.text('web.yaml')).includes(`${image}:1.2.0`));
      const automated = repository.head();
      await repository.synced(automated);
      for (const commit of await repository.commitsSince(first))
        expect(await verified(repository, 'verify-commit', commit)).toMatchObject({ code: 0 });
      expect(await verified(repository, 'verify-tag', 'flux-sync')).toMatchObject({ code: 0 });

      await repository.pull();
      await repository.inClone('config', 'commit.gpgSign', 'false');
      const unsigned = await repository.commit('Not signed', { 'b.yaml': manifest.configMap(shop, 'b') });
      await repository.inClone('config', 'commit.gpgSign', 'true');
      const head = await repository.commit('Signed, on top', { 'c.yaml': manifest.configMap(shop, 'c') });
      const said = `The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it. The last verified commit was ${automated.slice(0, 8)}. HEAD is ${head.slice(0, 8)}.`;
      const sync = await fluxd.fluxctl('sync');
      expect(sync.code).toBe(1);
      expect(sync.stderr).toContain(said);
      expect(await world.kube.find(`api/v1/namespaces/${shop}/configmaps/b`)).toBeUndefined();
      expect(await repository.resolve('refs/tags/flux-sync')).toBe(automated);

      // Flux v1's fluxctl asks for a job, and reads its error and its revision.
      const asked = await fluxd.api('v9/update-manifests', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'sync', cause: {}, spec: {} }),
      });
      const job = await asked.json();
      const status = async () => (await (await fluxd.api(`v6/jobs?id=${job}`)).json()) as { readonly StatusString: string };
      await until('the job has failed', async () => (await status()).StatusString === 'failed');
      expect(await status()).toMatchObject({ Err: said, Result: { revision: automated } });

      const refused = await fluxd.fluxctl(
        'release',
        `--workload=${shop}:deployment/web`,
        `--update-image=${image}:1.0.0`,
        '--force',
      );
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('HEAD revision is unsigned') });
      const state = await fluxd.fluxctl('status');
      expect(state.stdout).toContain(
        `not verified: commit ${unsigned.slice(0, 7)} is not signed; it and what follows it, 2 commits, wait`,
      );
      expect((await fluxd.fluxctl('why', `${shop}:configmap/a`)).stdout).toContain(
        `commit ${unsigned.slice(0, 7)} is not signed`,
      );
      expect(fluxd.log()).toContain('found invalid GPG signature for commit');
      const metrics = await (await fetch(new URL('/metrics', fluxd.url))).text();
      expect(metrics).toMatch(/^flux_git_unverified_commits 2$/m);
      // What is accepted stays in effect.
      const a = `api/v1/namespaces/${shop}/configmaps/a`;
      await world.kube.delete(a);
      await until('drift is corrected', async () => (await world.kube.find(a)) !== undefined);
    },
  );
});
