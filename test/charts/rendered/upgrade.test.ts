import { spawnSync } from 'node:child_process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type KubeJson, startWorld, type World } from '../../e2e/harness/index.ts';
import { CHART, FLUX_V1_CHART, helm } from './helm.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

type Values = Readonly<Record<string, unknown>>;

const URL = { 'git.url': 'git@example.org:you/config' };
/** What people say in a values.yaml of Flux v1. */
const VALUES: readonly (readonly [string, Values])[] = [
  ['the repository alone', URL],
  [
    'much of what there is',
    {
      git: { url: 'git@example.org:you/config', branch: 'main', path: 'base,prod', label: 'prod', ciSkip: true },
      'git.config': { enabled: true, data: '[core]\n' },
      ssh: { known_hosts: 'example.org ssh-ed25519 AAAA\n', config: 'Host *\n', secret: { annotations: { team: 'a' } } },
      'registry.dockercfg': { enabled: true, secretName: 'docker' },
      'prometheus.enabled': true,
      'syncGarbageCollection.enabled': true,
      'service.createClusterIP': false,
      podLabels: { team: 'a' },
      annotations: { note: 'b' },
      extraEnvs: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
      extraVolumes: [{ name: 'more', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
      additionalArgs: ['--registry-exclude-image=quay.io/*'],
      resources: { limits: { memory: '1Gi' }, requests: { cpu: '100m', memory: '256Mi' } },
      serviceAccount: { create: true, name: 'gitops', annotations: { role: 'c' } },
    },
  ],
  ['namespaces that it keeps to', { ...URL, 'clusterRole.create': false, allowedNamespaces: ['default'] }],
  [
    'an account, a role and a key of their own',
    { ...URL, 'serviceAccount.create': false, clusterRole: { create: false, name: 'edit' }, 'git.secretName': 'key' },
  ],
  [
    'no memcached, another name, and a kubeconfig of their own',
    { ...URL, fullnameOverride: 'gitops', 'registry.disableScanning': true, 'kube.externalConfig': true },
  ],
];

function succeeds(...args: readonly string[]): string {
  const { code, stdout, stderr } = helm(...args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const setting = (values: Values) =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** A release of Flux v1's chart with a deploy key in its Secret, as its fluxd puts one there. */
async function installFluxV1(values: Values) {
  const namespace = world.namespace('flux');
  const release = world.unique('v1');
  const name = String(values.fullnameOverride ?? `${release}-flux`);
  succeeds('install', release, FLUX_V1_CHART, '--namespace', namespace, '--create-namespace', ...setting(values));
  onTestFinished(() => void helm('uninstall', release, '--namespace', namespace));
  const core = `api/v1/namespaces/${namespace}`;
  const secret = `${core}/secrets/${name}-git-deploy`;
  const hasSecret = (await world.kube.find(secret)) !== undefined;
  if (hasSecret) await world.kube.patch(secret, { data: { identity: 'aw==', 'identity.pub': 'cA==' } });
  return { namespace, release, name, core, secret, deployments: `apis/apps/v1/namespaces/${namespace}/deployments` };
}
type Installed = Awaited<ReturnType<typeof installFluxV1>>;

/** What names an object, and what only its creation sets. */
const identityOf = (object: KubeJson | undefined) => object && { uid: object.metadata.uid, clusterIP: object.spec?.clusterIP };

async function shared({ core, deployments, name, secret }: Installed) {
  const at = [`${deployments}/${name}`, `${core}/services/${name}`, secret, `${core}/serviceaccounts/${name}`];
  return Promise.all(at.map(async (path) => identityOf(await world.kube.find(path))));
}

const argumentsOf = ({ spec }: KubeJson): readonly string[] => spec.template.spec.containers[0].args;
/** By URL, branch and path objects are marked, by the label the tag and the notes are named. */
const marking = (object: KubeJson) =>
  argumentsOf(object).filter((argument) => /^--(git-(url|branch|path|label|user|email)|k8s-allow-namespace)=./.test(argument));

describe('helm upgrade of a release of Flux v1', () => {
  test.each(VALUES)('with %s', async (_name, values) => {
    const at = await installFluxV1(values);
    const before = await world.kube.get(`${at.deployments}/${at.name}`);
    const same = await shared(at);
    const told = succeeds('upgrade', at.release, CHART, '--namespace', at.namespace, ...setting(values));
    expect(told).not.toContain('ssh-keygen');
    expect(told.includes(`The deploy key is already in the Secret ${at.name}-git-deploy`)).toBe(same[2] !== undefined);

    // The same objects, and neither a second Flux nor memcached.
    expect(await shared(at)).toEqual(same);
    const deployments = await world.kube.list(at.deployments);
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual([at.name]);
    const services = await world.kube.list(`${at.core}/services`);
    expect(services.map(({ metadata }) => metadata.name)).toEqual([at.name]);
    const [after] = deployments;
    if (!after) throw new Error('the Deployment is gone');
    expect(after.spec.selector).toEqual(before.spec.selector);
    expect(after.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(marking(after)).toEqual(marking(before));
    // The key that Flux v1 made is where it was.
    if (same[2]) expect((await world.kube.get(at.secret)).data).toEqual({ identity: 'aw==', 'identity.pub': 'cA==' });

    // And back: Flux v1 as it was, with its memcached.
    succeeds('rollback', at.release, '1', '--namespace', at.namespace);
    expect(await shared(at)).toEqual(same);
    const back = await world.kube.get(`${at.deployments}/${at.name}`);
    expect(back.spec.template).toEqual(before.spec.template);
    const memcached = await world.kube.find(`${at.deployments}/${at.name}-memcached`);
    expect(memcached !== undefined).toBe(values['registry.disableScanning'] !== true);
  });

  test('the account of fluxd keeps the rights that it had in the whole cluster', async () => {
    const at = await installFluxV1(URL);
    succeeds('upgrade', at.release, CHART, '--namespace', at.namespace, ...setting(URL));
    const account = `system:serviceaccount:${at.namespace}:${at.name}`;
    const { status, stdout } = spawnSync('kubectl', ['auth', 'can-i', '*', '*', '--all-namespaces', `--as=${account}`], {
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, 'yes\n']);
  });

  test('values that are only taken over, without the defaults of this chart, are refused with what to do', async () => {
    const at = await installFluxV1(URL);
    const { code, stderr } = helm('upgrade', at.release, CHART, '--namespace', at.namespace, '--reuse-values');
    expect([code, stderr]).toEqual([1, expect.stringContaining('--reset-then-reuse-values')]);
    succeeds('upgrade', at.release, CHART, '--namespace', at.namespace, '--reset-then-reuse-values');
    expect(marking(await world.kube.get(`${at.deployments}/${at.name}`))).toContain('--git-url=git@example.org:you/config');
  });

  test('a release that holds pod security policies is refused by Helm, whatever the chart', async () => {
    const at = await installFluxV1(URL);
    await addToRelease(at, 'apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: { name: flux }\n');
    const { code, stderr } = helm('upgrade', at.release, CHART, '--namespace', at.namespace, ...setting(URL));
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('no matches for kind "PodSecurityPolicy" in version "policy/v1beta1"'),
    ]);
  });
});

/** As if the chart had installed one object more, of a kind that Kubernetes no longer has. */
async function addToRelease({ core, release }: Installed, manifest: string): Promise<void> {
  const at = `${core}/secrets/sh.helm.release.v1.${release}.v1`;
  const stored = Buffer.from((await world.kube.get(at)).data.release, 'base64').toString('utf8');
  const state = JSON.parse(gunzipSync(Buffer.from(stored, 'base64')).toString('utf8')) as { manifest: string };
  const changed = gzipSync(JSON.stringify({ ...state, manifest: `${state.manifest}\n---\n${manifest}` })).toString('base64');
  await world.kube.patch(at, { data: { release: Buffer.from(changed).toString('base64') } });
}
