import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('variables, end to end'))(
  'variables get their values from objects beside fluxd; new ones are applied without a commit; doubt deletes nothing',
  async () => {
    const [shop, account] = [world.namespace('subst'), await world.account()];
    const home = account.namespace;
    if (!(await world.kube.find(`api/v1/namespaces/${home}`)))
      await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    await account.grant({ cluster: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
    const settings = `api/v1/namespaces/${home}/configmaps/settings`;
    await world.kube.create(`api/v1/namespaces/${home}/configmaps`, {
      metadata: { name: 'settings' },
      data: { ENVIRONMENT: 'production', REPLICAS: '0' },
    });
    await world.kube.create(`api/v1/namespaces/${home}/secrets`, {
      metadata: { name: 'passwords' },
      data: { PASSWORD: Buffer.from('hunter2').toString('base64') },
    });
    const repository = await world.repository();
    const map = manifest.configMap(shop, 'map', { greeting: 'hello ${ENVIRONMENT}' });
    const first = await repository.commit('Begin', {
      'namespace.yaml': manifest.namespace(shop),
      'map.yaml': map,
      'web.yaml': manifest
        .deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 7 })
        .replace(': 7', ': ${REPLICAS}'),
      'secret.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: login, namespace: ${shop} }\nstringData:\n  password: \${PASSWORD}\n`,
      'wrong.yaml': manifest.configMap(shop, 'wrong', { greeting: '${PASSWORD}' }),
      'missing.yaml': manifest.configMap(shop, 'missing', { greeting: '${NOBODY}' }),
    });
    const fluxd = await world.fluxd(repository, {
      account,
      args: ['--sync-garbage-collection', '--sync-interval=1s', '--substitute-from=configmap/settings,secret/passwords'],
    });
    await repository.synced(first);
    const greeting = async () => (await world.kube.get(path.configMap(shop, 'map'))).data.greeting;
    expect(await greeting()).toBe('hello production');
    expect((await world.kube.get(path.deployment(shop, 'web'))).spec.replicas).toBe(0);
    const secret = await world.kube.get(`api/v1/namespaces/${shop}/secrets/login`);
    expect(Buffer.from(secret.data.password, 'base64').toString()).toBe('hunter2');
    const said = JSON.stringify(await fluxd.sync());
    expect(said).toContain('${NOBODY} has no value in configmap/settings, secret/passwords');
    expect(said).toContain('the value of a Secret would be where it is shown');

    expect((await fluxd.fluxctl('sync')).stdout).toContain(
      'error missing.yaml:1:1 document 1: ${NOBODY} has no value in configmap/settings',
    );
    await world.kube.patch(settings, { data: { ENVIRONMENT: 'staging' } });
    await until('the new value is applied', async () => (await greeting()) === 'hello staging');

    await world.kube.delete(settings);
    await until('the log says so', () => fluxd.log().includes('configmap/settings does not exist'));
    await repository.commit('Remove one', { 'wrong.yaml': null, 'missing.yaml': null });
    await fluxd.sync();
    expect(await greeting()).toBe('hello staging');
    expect(fluxd.log()).not.toContain('hunter2');
  },
);
