import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHART_ARGUMENTS } from '../support/flux-v1-chart.ts';
import { sampled, thorough } from '../support/sampled.ts';
import { CHECKSUM, type FluxV1, GC_MARK, installFluxV1, type Kubectl, pathOf } from './harness/flux-v1.ts';
import {
  type Fluxd,
  type KubeJson,
  manifest,
  path,
  type Repository,
  startWorld,
  until,
  type World,
  writesOf,
} from './harness/index.ts';
import { runOk } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** The arguments of the chart's Deployment, but for the repository and its branch. */
const ARGUMENTS = CHART_ARGUMENTS.filter((argument) => !/^--git-(url|branch)=/.test(argument));
const JOB = '5b0d9a34-77c1-40e2-9f1e-0c6c8e5d2a11';

interface Shop {
  readonly namespace: string;
  readonly image: (tag: string) => string;
  /** Files by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** One of each kind that owns pods, and what they stand on. */
async function openShop(): Promise<Shop> {
  const namespace = world.namespace('shop');
  const name = world.unique('acme/cart');
  for (const version of ['1', '2']) await world.push(name, version, { version });
  const image = (tag: string) => `${world.registry}/${name}:${tag}`;
  const template = (app: string) => `  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: { app: ${app} } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: ${app}, image: "${image('1')}", env: [{ name: LEVEL, value: info }, { name: OLD, value: "1" }] }]
`;
  const head = (kind: string, name: string, api = 'apps/v1') =>
    `apiVersion: ${api}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace}, labels: { team: shop } }\n`;
  return {
    namespace,
    image,
    files: {
      'namespace.yaml': manifest.namespace(namespace),
      'settings.yaml': manifest.configMap(namespace, 'settings', { keep: 'a', drop: 'b' }),
      'leaflet.yaml': manifest.configMap(namespace, 'leaflet'),
      'token.yaml': `${head('Secret', 'token', 'v1')}stringData: { token: c2VjcmV0, drop: b2xk }\n`,
      'service.yaml': `${head('Service', 'cart', 'v1')}spec: { selector: { app: cart }, ports: [{ port: 80, targetPort: 8080 }] }\n`,
      'cart.yaml': `${head('Deployment', 'cart')}spec:\n  replicas: 2\n${template('cart')}`,
      'agent.yaml': `${head('DaemonSet', 'agent')}spec:\n${template('agent')}`,
      'store.yaml': `${head('StatefulSet', 'store')}spec:\n  serviceName: cart\n  replicas: 1\n${template('store')}`,
      'night.yaml': `${head('CronJob', 'night', 'batch/v1')}spec:
  schedule: "0 3 * * *"
  jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: night, image: "${image('1')}" }] } } } }
`,
    },
  };
}

interface Left {
  readonly shop: Shop;
  readonly repository: Repository;
  readonly flux1: FluxV1;
  readonly revision: string;
}

/** A shop that Flux v1 has synced, after a release of its own, with all pods running. */
async function leftByFluxV1(kubectl: Kubectl): Promise<Left> {
  const shop = await openShop();
  const repository = await world.repository();
  await repository.commit('Open the shop', shop.files);
  const flux1 = await installFluxV1(world, repository, kubectl);
  await flux1.sync(Object.values(shop.files));
  const cart = `${shop.files['cart.yaml']}# released\n`;
  const revision = await flux1.release(JOB, `Release ${shop.image('1')} to ${shop.namespace}:deployment/cart`, 'cart.yaml', cart);
  await flux1.sync([...Object.values({ ...shop.files, 'cart.yaml': cart })]);
  const ready = async () => (await podsOf(shop.namespace)).filter((pod) => pod.ready).length === 4;
  if (world.runsPods) await until('the pods of the shop are ready', ready, 60_000);
  return { shop, repository, flux1, revision };
}

/** Empty on the embedded cluster, which has no nodes. */
async function podsOf(namespace: string) {
  const pods = await world.kube.list(path.pods(namespace));
  return pods
    .map(({ metadata: { name, uid }, status }) => ({
      name,
      uid,
      restarts: status.containerStatuses?.map(({ restartCount }: { restartCount: number }) => restartCount),
      ready: status.conditions?.some(
        ({ type, status }: { type: string; status: string }) => type === 'Ready' && status === 'True',
      ),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What would have new pods made: the templates of whatever owns pods. */
function templateOf({ kind, spec }: KubeJson): unknown {
  return kind === 'CronJob' ? spec.jobTemplate : spec?.template;
}

async function objectsOf({ files }: Shop): Promise<readonly KubeJson[]> {
  return Promise.all(Object.values(files).map((text) => world.kube.get(pathOf(text))));
}

/** Controllers have seen every change, so that pods which they wanted to replace would be on their way. */
async function settled(shop: Shop): Promise<void> {
  const seen = async () =>
    (await objectsOf(shop)).every(
      ({ kind, metadata, status }) =>
        !['Deployment', 'DaemonSet', 'StatefulSet'].includes(kind ?? '') || status?.observedGeneration === metadata.generation,
    );
  await until('the controllers have seen every change', seen, 30_000);
}

const withGc = (gc: boolean) => [...ARGUMENTS, `--sync-garbage-collection=${gc}`];
const managersOf = ({ metadata }: KubeJson) => metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
const deletesOf = ({ proxy }: Fluxd) => proxy.requests.filter(({ method }) => method === 'DELETE');
/** Who set the tag and wrote the notes, as `fluxctl doctor` says it. */
const writersIn = async (fluxd: Fluxd) => {
  const findings = JSON.parse((await fluxd.fluxctl('doctor', '-o', 'json')).stdout) as { level: string; message: string }[];
  return findings
    .filter(({ message }) => /^(the tag|job notes) /.test(message))
    .map(({ level, message }) => `${level} ${message}`);
};
const recordOn = async ({ git }: Repository, revision: string) =>
  JSON.parse(await git('notes', '--ref=flux-sync', 'show', revision));
const hasRecord =
  ({ git }: Repository, revision: string) =>
  async () =>
    (await git('notes', '--ref=flux-sync', 'list').catch(() => '')).includes(revision);

const APPLIED: readonly (readonly [string, Kubectl, boolean])[] = [
  ['with garbage collection, of the last kubectl', 'kubectl-client-side-apply', true],
  ['without garbage collection, of an old kubectl', 'kubectl', false],
];
describe.for(sampled('ways that Flux v1 applied', APPLIED, 1))('what Flux v1 applied, %s', ([, kubectl, gc]) => {
  test('is gone on with: no pod restarts, nothing is deleted, the same tag and marks', async () => {
    const { shop, repository, flux1, revision } = await leftByFluxV1(kubectl);
    await flux1.switchOff();
    const before = await objectsOf(shop);
    const pods = await podsOf(shop.namespace);
    const refs = async () => (await repository.git('for-each-ref', '--format=%(refname) %(objectname)')).trim().split('\n');
    const refsBefore = await refs();

    const fluxd = await world.fluxd(repository, { args: withGc(gc) });
    await until('the first sync is recorded', hasRecord(repository, revision));
    await settled(shop);

    expect(await podsOf(shop.namespace)).toEqual(pods);
    const after = await objectsOf(shop);
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid));
    expect(after.map(templateOf)).toEqual(before.map(templateOf));
    const mark = ({ metadata }: KubeJson) => metadata.labels?.[GC_MARK];
    expect(after.map(mark)).toEqual(before.map(mark));
    for (const object of after) {
      expect(Object.keys(object.metadata.annotations ?? {}).filter((key) => key.startsWith('fluxcd.io/'))).toEqual([CHECKSUM]);
      expect(managersOf(object)).toContain('flux Apply');
      // What the server added by itself counts as written by whoever created the object; only the newer name is kubectl apply's alone.
      if (kubectl === 'kubectl-client-side-apply') expect(managersOf(object)).not.toContain(`${kubectl} Update`);
    }
    expect(deletesOf(fluxd)).toEqual([]);

    // The repository: v1's tag object and note stand as they are; one note of ours is new.
    const added = (await refs()).filter((ref) => !refsBefore.includes(ref));
    expect(added.map((ref) => ref.split(' ')[0])).toEqual(['refs/notes/flux-sync']);
    expect(await recordOn(repository, revision)).toMatchObject({ revision, previous: revision, counts: { configured: 9 } });

    expect(await writersIn(fluxd)).toEqual([
      expect.stringMatching(
        `^ok the tag flux-sync at ${revision.slice(0, 7)} was set by Flux v1 at .*; fluxd continues from there$`,
      ),
      'ok job notes in refs/notes/flux: 1 of Flux v1, which fluxd reads as well',
    ]);
    fluxd.proxy.clear();
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 9 });
    expect(writesOf(fluxd.proxy)).toEqual([]);
    const workloads = await fluxd.fluxctl('list-workloads', '--namespace', shop.namespace);
    expect(workloads.stdout).toContain(`${shop.namespace}:deployment/cart`);
    expect((await fluxd.fluxctl('history')).stdout).toContain(revision.slice(0, 7));
    // A job that v1 committed is found again by its note.
    expect(await (await fluxd.api(`v6/jobs?id=${JOB}`)).json()).toMatchObject({ StatusString: 'succeeded' });

    const next = await repository.commit('Drop what is old', {
      'settings.yaml': manifest.configMap(shop.namespace, 'settings', { keep: 'a' }),
      'token.yaml': `${shop.files['token.yaml']}`.replace(', drop: b2xk', ''),
      'cart.yaml': `${shop.files['cart.yaml']}`.replace(', { name: OLD, value: "1" }', ''),
      'leaflet.yaml': null,
    });
    await fluxd.sync();
    expect((await world.kube.get(path.configMap(shop.namespace, 'settings'))).data).toEqual({ keep: 'a' });
    expect(Object.keys((await world.kube.get(path.secret(shop.namespace, 'token'))).data)).toEqual(['token']);
    const cart = await world.kube.get(path.deployment(shop.namespace, 'cart'));
    expect(cart.spec.template.spec.containers[0].env).toEqual([{ name: 'LEVEL', value: 'info' }]);
    expect((await world.kube.find(path.configMap(shop.namespace, 'leaflet'))) === undefined).toBe(gc);
    expect(await repository.git('tag')).toBe('flux-sync\n');
    expect(await repository.resolve('refs/tags/flux-sync')).toBe(next);
    expect((await writersIn(fluxd))[0]).toMatch(`ok the tag flux-sync at ${next.slice(0, 7)} was set by fluxd at`);
  });
});

/** Two ConfigMaps, one of which Git has dropped while no daemon ran. */
async function leftBehind(): Promise<Left & { readonly dropped: string }> {
  const namespace = world.namespace('left');
  const files = {
    'namespace.yaml': manifest.namespace(namespace),
    'kept.yaml': manifest.configMap(namespace, 'kept', { text: 'v1' }),
    'dropped.yaml': manifest.configMap(namespace, 'dropped'),
  };
  const repository = await world.repository();
  const revision = await repository.commit('By Flux v1', files);
  const flux1 = await installFluxV1(world, repository, 'kubectl-client-side-apply');
  await flux1.sync(Object.values(files));
  await flux1.switchOff();
  const shop = { namespace, image: (tag: string) => tag, files };
  return { shop, repository, flux1, revision, dropped: path.configMap(namespace, 'dropped') };
}

test.runIf(thorough('commits since the tag of Flux v1'))(
  'commits since the tag of Flux v1 are synced from there; what they dropped is held, and deleted by nobody but a person',
  async () => {
    const { shop, repository, revision, dropped } = await leftBehind();
    await repository.commit('Drop one', { 'dropped.yaml': null });
    const head = await repository.commit('Change the other', {
      'kept.yaml': manifest.configMap(shop.namespace, 'kept', { text: 'ours' }),
    });
    const fluxd = await world.fluxd(repository, { args: withGc(true) });
    const record = await repository.synced(head);
    expect(record).toMatchObject({ previous: revision, counts: { configured: 2, held: 1 } });
    expect(await repository.git('tag')).toBe('flux-sync\n');
    const history = (await fluxd.fluxctl('history')).stdout;
    expect(history).toContain(head.slice(0, 7));
    const gc = (await fluxd.fluxctl('gc')).stdout;
    expect(gc).toContain(`${shop.namespace}:configmap/dropped`);
    expect(gc).toContain('objects of Flux v1 are adopted only while they are in Git');
    expect(await world.kube.find(dropped)).toBeDefined();
    expect(deletesOf(fluxd)).toEqual([]);

    // In Git again it is adopted, and goes when Git drops it.
    await repository.commit('Take it back', { 'dropped.yaml': shop.files['dropped.yaml'] ?? '' });
    expect((await fluxd.sync()).counts).toEqual({ configured: 1, unchanged: 2 });
    await repository.commit('Drop it again', { 'dropped.yaml': null });
    await fluxd.sync();
    expect(await world.kube.find(dropped)).toBeUndefined();
  },
);

test.runIf(thorough('a signed sync tag'))('a signed sync tag is read; it moves on without a signature', async () => {
  const { repository, revision } = await leftBehind();
  const signature = '-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n-----END PGP SIGNATURE-----';
  const content = await repository.git('cat-file', 'tag', 'flux-sync');
  const signed = (
    await runOk('git', ['hash-object', '-t', 'tag', '-w', '--stdin'], {
      cwd: repository.directory,
      input: `${content}${signature}\n`,
    })
  ).trim();
  await repository.git('update-ref', 'refs/tags/flux-sync', signed);
  const fluxd = await world.fluxd(repository, { args: withGc(true) });
  await until('the first sync is recorded', hasRecord(repository, revision));
  expect((await repository.git('rev-parse', 'refs/tags/flux-sync')).trim()).toBe(signed);
  const next = await repository.commit('Nothing', {});
  await fluxd.sync();
  expect(await repository.resolve('refs/tags/flux-sync')).toBe(next);
  expect(await repository.git('cat-file', 'tag', 'flux-sync')).not.toContain('PGP');
});

test('what is not built stops the start, all of it by name, before anything is read or written', async () => {
  const unbuilt = ['--token=a'];
  const repository = await world.repository();
  const revision = await repository.commit('By Flux v1', {});
  const fluxd = await world.fluxd(repository, { args: [...ARGUMENTS, ...unbuilt], wait: false });
  await until('fluxd has ended', () => !fluxd.running());
  for (const flag of unbuilt) expect(fluxd.log()).toContain(`${flag.replace(/=.*/, '')} is not supported yet`);
  expect(fluxd.proxy.requests).toEqual([]);
  expect(await repository.git('for-each-ref', '--format=%(refname) %(objectname)')).toBe(`refs/heads/main ${revision}\n`);
});

test('--registry-require=ecr without AWS ends fluxd, with the reason, before anything is read or written', async () => {
  const repository = await world.repository();
  await repository.commit('By Flux v1', {});
  const fluxd = await world.fluxd(repository, {
    args: ['--registry-require=ecr', '--registry-ecr-region=eu-west-1'],
    env: { AWS_EC2_METADATA_DISABLED: 'true' },
    wait: false,
  });
  await until('fluxd has ended', () => !fluxd.running());
  expect(fluxd.log()).toContain(
    'AWS API required (due to --registry-require=ecr), but not available: no identity of AWS is set up',
  );
  expect(fluxd.proxy.requests).toEqual([]);
});

test.runIf(thorough('going back to Flux v1'))(
  'back to Flux v1, and over to ours again: it finds its tag, marks and notes, nothing restarts, nothing stays behind',
  async () => {
    const { shop, repository, flux1 } = await leftByFluxV1('kubectl-client-side-apply');
    await flux1.switchOff();
    const first = await world.fluxd(repository, { args: withGc(true) });
    await until('the first sync is recorded', hasRecord(repository, repository.head()));
    const next = await repository.commit('By ours', {
      'settings.yaml': manifest.configMap(shop.namespace, 'settings', { keep: 'b' }),
    });
    await first.sync();
    await first.stop();
    const pods = await podsOf(shop.namespace);
    const before = await objectsOf(shop);

    // As Flux v1 looks for them.
    expect((await repository.inClone('fetch', '--quiet', '--tags', '--force', 'origin')).trim()).toBe('');
    expect((await repository.inClone('rev-list', '--max-count', '1', 'flux-sync', '--')).trim()).toBe(next);
    expect((await repository.git('cat-file', 'tag', 'flux-sync')).split('\n\n')[1]).toBe('Sync pointer\n');
    expect(await repository.git('notes', '--ref=flux', 'list')).toMatch(/^\S+ \S+\n$/);
    const files = { ...shop.files, 'settings.yaml': manifest.configMap(shop.namespace, 'settings', { keep: 'b' }) };
    await flux1.sync(Object.values(files));
    await settled(shop);
    const after = await objectsOf(shop);
    expect(after.map(({ metadata }) => metadata.labels?.[GC_MARK])).toEqual(
      before.map(({ metadata }) => metadata.labels?.[GC_MARK]),
    );
    expect(after.map(templateOf)).toEqual(before.map(templateOf));
    expect(await podsOf(shop.namespace)).toEqual(pods);

    // A field that came and goes with Flux v1 and ours.
    const added = manifest.configMap(shop.namespace, 'settings', { keep: 'b', added: 'c' });
    await repository.commit('By Flux v1 again', { 'settings.yaml': added });
    await flux1.sync(Object.values({ ...files, 'settings.yaml': added }));
    const second = await world.fluxd(repository, { args: withGc(true) });
    await until('the sync is recorded', hasRecord(repository, repository.head()));
    await settled(shop);
    expect(await podsOf(shop.namespace)).toEqual(pods);
    await repository.commit('Drop it', { 'settings.yaml': files['settings.yaml'] });
    await second.sync();
    expect((await world.kube.get(path.configMap(shop.namespace, 'settings'))).data).toEqual({ keep: 'b' });
  },
);

test.runIf(thorough('Flux v1 and Flux at once'))(
  'two daemons at once: fluxctl doctor says so, and what to do; pods go on, and the objects are ours when Flux v1 is off',
  async () => {
    const { shop, repository, flux1, revision } = await leftByFluxV1('kubectl-client-side-apply');
    const pods = await podsOf(shop.namespace);
    const fluxd = await world.fluxd(repository, { args: withGc(true) });
    const findings = async () => {
      const { stdout } = await fluxd.fluxctl('doctor', '-o', 'json');
      const all = JSON.parse(stdout) as readonly { check: string; level: string; message: string; help?: string }[];
      return all.filter(({ check, message }) => check === 'leftovers' && message.includes(flux1.namespace));
    };
    await until('the first sync is recorded', hasRecord(repository, revision));
    const scale = `kubectl -n ${flux1.namespace} scale deployment flux --replicas=0`;
    const arguments_ = `the arguments of ${flux1.namespace}:deployment/flux that fluxd accepts and ignores: --memcached-hostname`;
    expect(await findings()).toEqual([
      {
        check: 'leftovers',
        level: 'fail',
        message: `Flux v1 runs beside this fluxd: ${flux1.namespace}:deployment/flux (${world.registry}/fluxcd/flux:1.25.4)`,
        help: expect.stringContaining(scale),
      },
      { check: 'leftovers', level: 'ok', message: expect.stringContaining(arguments_) },
      { check: 'leftovers', level: 'ok', message: expect.stringContaining(`${flux1.namespace}:secret/flux-git-deploy`) },
      {
        check: 'leftovers',
        level: 'warn',
        message: expect.stringContaining('memcached'),
        help: expect.stringContaining('kubectl'),
      },
    ]);

    const recordedAt = Number(await repository.git('log', '-1', '--format=%ct', 'refs/notes/flux-sync'));
    await until('another second has come', () => Date.now() >= (recordedAt + 1) * 1000);
    // Its next sync: it puts its own checksums and its last-applied annotations; nothing else is different.
    await flux1.sync(Object.values(shop.files));
    // Where the checksums of both are the same it writes nothing but its last-applied annotation, which then is its own.
    const allOurs = async () =>
      (await objectsOf(shop)).every(({ metadata }) =>
        metadata.managedFields?.every(
          ({ manager, ...entry }) => manager === 'flux' || !JSON.stringify(entry).includes(`f:${CHECKSUM}`),
        ),
      );
    await until('everything is ours again', allOurs, 30_000);
    await settled(shop);
    expect(await podsOf(shop.namespace)).toEqual(pods);
    expect(deletesOf(fluxd)).toEqual([]);
    expect(await repository.git('tag')).toBe('flux-sync\n');

    // Its tag, set to the same revision again, came after our record.
    await fluxd.sync();
    expect((await writersIn(fluxd))[0]).toMatch(
      /^warn the tag flux-sync at .* was set by Flux v1 at .*, after fluxd had synced this repository$/,
    );
    await flux1.switchOff();
    expect((await findings())[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('Flux v1 is switched off') });
  },
);
