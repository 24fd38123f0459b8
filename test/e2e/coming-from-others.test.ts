import { tmpdir } from 'node:os';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampled, thorough } from '../support/sampled.ts';
import { type KubeJson, manifest, path, type Repository, startWorld, type World } from './harness/index.ts';
import { runOk } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** How the other controllers write: Flux v2 by server-side apply; Argo CD as `kubectl apply` does, or by server-side apply where it is told to. */
const OTHERS = [
  { who: 'Flux v2', manager: 'kustomize-controller', serverSide: true },
  { who: 'Argo CD with ServerSideApply', manager: 'argocd-controller', serverSide: true },
  { who: 'Argo CD', manager: 'argocd-controller', serverSide: false },
] as const;
type Other = (typeof OTHERS)[number];
const SOME = sampled('other controllers', OTHERS, 1);

const LABELS = {
  'kustomize.toolkit.fluxcd.io/name': 'shop',
  'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
  'app.kubernetes.io/instance': 'shop',
};
const ENV = '          env: [{ name: OLD, value: "1" }]\n          ports:\n';
const ARGS = { args: ['--registry-disable-scanning', '--git-poll-interval=1h', '--sync-garbage-collection'] };

/** The commands that the documentation gives, as they are, where there is a kubectl; else what it sends. */
async function kubectl(args: readonly string[], input: object): Promise<void> {
  await runOk('kubectl', ['--kubeconfig', world.kubeconfig, ...args], { env: { HOME: tmpdir() }, input: JSON.stringify(input) });
}

/** A Deployment that another controller applied, and that Flux has synced since. */
async function takenFrom({ manager, serverSide }: Other) {
  const shop = world.namespace('others');
  await world.kube.create('api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } });
  const plain = manifest.deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 0 });
  const more = plain.replace('          ports:\n', ENV);
  expect(more).not.toBe(plain);
  const object = load(more) as KubeJson;
  const theirs = { ...object, metadata: { ...object.metadata, labels: LABELS } };
  const at = path.deployment(shop, 'web');
  if (serverSide) await world.kube.apply(at, theirs, manager);
  else await world.kube.create(`apis/apps/v1/namespaces/${shop}/deployments?fieldManager=${manager}`, theirs);
  const { metadata, spec } = await world.kube.get(at);
  const repository = await world.repository();
  await repository.commit('From now on by Flux', { 'web.yaml': more });
  const fluxd = await world.fluxd(repository, ARGS);
  await repository.synced(repository.head());
  const live = () => world.kube.get(at);
  return { at, plain, uid: metadata.uid, spec, repository, fluxd, live };
}

const envOf = ({ spec }: KubeJson) => spec.template.spec.containers[0].env;
const managersOf = ({ metadata }: KubeJson) => metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);

async function dropEnv(repository: Repository, plain: string, sync: () => Promise<unknown>) {
  await repository.commit('Drop the variable', { 'web.yaml': plain });
  await sync();
}

test.runIf(thorough('what others applied, end to end')).each(SOME)(
  'what $who applied is synced on with the same pods; a field that Git drops stays while that manager has it, too',
  async (other) => {
    const { repository, fluxd, live, plain, uid, spec } = await takenFrom(other);
    const first = await live();
    expect(first.metadata.uid).toBe(uid);
    expect(first.spec).toEqual(spec);
    expect(managersOf(first)).toEqual(
      expect.arrayContaining([`${other.manager} ${other.serverSide ? 'Apply' : 'Update'}`, 'flux Apply']),
    );
    await dropEnv(repository, plain, fluxd.sync);
    expect(envOf(await live())).toEqual([{ name: 'OLD', value: '1' }]);
    expect((await live()).metadata.labels).toMatchObject(LABELS);
  },
);

test.runIf(thorough('an apply of nothing as another manager')).each(OTHERS.filter(({ serverSide }) => serverSide))(
  'an apply of nothing as the manager of $who leaves everything to Flux: its labels go, and so does what Git drops',
  async (other) => {
    const { at, repository, fluxd, live, plain, spec } = await takenFrom(other);
    const { apiVersion, kind, metadata } = load(plain) as KubeJson;
    const nothing = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace } };
    if (world.runsPods) await kubectl(['apply', '--server-side', `--field-manager=${other.manager}`, '-f', '-'], nothing);
    else await world.kube.apply(at, nothing, other.manager);
    const left = await live();
    expect(left.spec).toEqual(spec);
    expect(Object.keys(left.metadata.labels ?? {})).toEqual(['fluxcd.io/sync-gc-mark']);
    expect(managersOf(left)).not.toContain(`${other.manager} Apply`);
    await dropEnv(repository, plain, fluxd.sync);
    expect(envOf(await live())).toBeUndefined();
  },
);

test.runIf(thorough('fields of others without their entries')).each(SOME)(
  'without the entry of $who in managedFields what Git drops goes; what only it had stays',
  async (other) => {
    const { at, repository, fluxd, live, plain } = await takenFrom(other);
    const { metadata, ...object } = await live();
    const managedFields = metadata.managedFields?.filter(({ manager }) => manager !== other.manager);
    if (world.runsPods) await kubectl(['replace', '-f', '-'], { ...object, metadata: { ...metadata, managedFields } });
    else await world.kube.patch(at, { metadata: { managedFields } });
    expect(managersOf(await live())).not.toContain(`${other.manager} ${other.serverSide ? 'Apply' : 'Update'}`);
    await dropEnv(repository, plain, fluxd.sync);
    expect(envOf(await live())).toBeUndefined();
    expect((await live()).metadata.labels).toMatchObject(LABELS);
  },
);
