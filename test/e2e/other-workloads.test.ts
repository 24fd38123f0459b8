import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('images of other workloads, end to end'))(
  'images of a Rollout and of a custom resource are automated, one line each; that of a Job is held',
  async () => {
    const shop = world.namespace('shop');
    const [web, db] = [world.unique('acme/web'), world.unique('acme/db')];
    for (const image of [web, db]) await world.push(image, '1.0.0', { version: '1.0.0' });
    const at = (image: string, tag: string) => `${world.registry}/${image}:${tag}`;
    const head = (apiVersion: string, kind: string, name: string, annotations = '') => `apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${name}
  namespace: ${shop}
  annotations:
    fluxcd.io/automated: "true"
    filter.fluxcd.io/main: semver:~1${annotations}
`;
    const template = (image: string) => `  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: ${image} # kept current by Flux
`;
    const rollout = (tag: string) =>
      `${head('argoproj.io/v1alpha1', 'Rollout', 'web')}spec:\n  replicas: 1\n${template(at(web, tag))}`;
    const job = `${head('batch/v1', 'Job', 'migrate')}spec:\n${template(at(db, '1.0.0'))}`;
    const cluster = (tag: string) => `${head(
      'db.example.org/v1alpha1',
      'Cluster',
      'db',
      '\n    filter.fluxcd.io/engine: semver:~1\n    repository.fluxcd.io/engine: spec.engines.0.image\n    tag.fluxcd.io/engine: spec.engines.0.version',
    )}spec:
  engines:
    - image: ${world.registry}/${db}
      version: "${tag}"
`;
    const repository = await world.repository();
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'definitions.yaml': [
        manifest.anyResourceDefinition('argoproj.io', 'Rollout', 'v1alpha1'),
        manifest.anyResourceDefinition('db.example.org', 'Cluster', 'v1alpha1'),
      ].join('---\n'),
      'web.yaml': rollout('1.0.0'),
      'db.yaml': cluster('1.0.0'),
      'job.yaml': job,
    });
    onTestFinished(async () => {
      for (const name of ['rollouts.argoproj.io', 'clusters.db.example.org'])
        if (await world.kube.find(path.crd(name))) await world.kube.delete(path.crd(name));
    });
    const fluxd = await world.fluxd(repository);
    const find = (place: string) => world.kube.find(`apis/${place}`);
    const engine = async () => (await find(`db.example.org/v1alpha1/namespaces/${shop}/clusters/db`))?.spec.engines[0].version;
    await until('all is applied', async () => (await engine()) === '1.0.0');

    for (const image of [web, db]) {
      await world.push(image, '1.0.1', { version: '1.0.1' });
      await fluxd.api('v11/notify', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ Kind: 'image', Source: { Name: { Domain: world.registry, Image: image } } }),
      });
    }
    await until('the new images are in Git', async () => (await repository.text('web.yaml')) === rollout('1.0.1'));
    await until('the new images are in Git', async () => (await repository.text('db.yaml')) === cluster('1.0.1'));
    const running = async () =>
      (await find(`argoproj.io/v1alpha1/namespaces/${shop}/rollouts/web`))?.spec.template.spec.containers[0].image;
    await until('the custom resource is applied', async () => (await engine()) === '1.0.1');
    await until('the Rollout is applied', async () => (await running()) === at(web, '1.0.1'));
    expect(await repository.text('job.yaml')).toBe(job);

    const why = await fluxd.fluxctl('why', `${shop}:job/migrate`);
    expect(why.stdout).toContain('image of a Job cannot change');
    const release = await fluxd.fluxctl('release', '--workload', `${shop}:job/migrate`, '--update-image', at(db, '1.0.1'));
    expect(release.stdout + release.stderr).toContain('image of a Job cannot change');
    const { stdout } = await fluxd.fluxctl('list-workloads', '--namespace', shop, '--no-headers');
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      [`${shop}:cluster/db`, 'engine', at(db, '1.0.1')],
      [`${shop}:job/migrate`, 'main', at(db, '1.0.0')],
      [`${shop}:rollout/web`, 'main', at(web, '1.0.1')],
      [''],
    ]);
  },
);
