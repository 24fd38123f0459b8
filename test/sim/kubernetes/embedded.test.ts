import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Kubernetes, runFrom, startKubernetes } from '../../../src/sim/index.ts';
import { havePart } from '../../support/part.ts';
import { type Answer, type Body, configMap, deployment, eventually, startTarget, type Target } from './target.ts';

/** What only the embedded server has: its own door, its counters, and controllers that play a cluster. */
const run = promisify(execFile);

describe('the embedded server', () => {
  let target: Target;
  let sim: Kubernetes;
  const apps = '/apis/apps/v1/namespaces/default/deployments';
  beforeAll(async () => {
    target = await startTarget();
    if (!target.sim) throw new Error('this suite is about the embedded server');
    sim = target.sim;
  });
  afterAll(() => target.stop());

  const statusOf = (headers: Record<string, string>, ca: string | undefined = sim.certificateAuthority) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${sim.url}/api/v1/namespaces`, { headers, ...(ca === undefined ? {} : { ca }) }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  test('lets in only who brings the token', async () => {
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: 'Bearer nope' })).toBe(401);
    expect(await statusOf({ authorization: `Bearer ${sim.token}` })).toBe(200);
  });

  test('is trusted only by who was given its certificate', async () => {
    const other = await startKubernetes();
    await expect(statusOf({}, other.certificateAuthority)).rejects.toThrow(/certificate/);
    await other.stop();
  });

  test('keeps its requests for tests to count', async () => {
    sim.requests.length = 0;
    await target.call('GET', '/api/v1/namespaces/default/configmaps?limit=5');
    expect(sim.requests).toEqual([{ method: 'GET', path: '/api/v1/namespaces/default/configmaps', query: 'limit=5' }]);
  });

  test('rolls a Deployment out, and counts its pod templates', async () => {
    const rolledOut = (generation: number) =>
      eventually(
        () => target.call('GET', `${apps}/web`),
        ({ body }) => body.status?.observedGeneration === generation && body.status.availableReplicas === body.spec.replicas,
      );
    await target.apply(`${apps}/web`, deployment('web'));
    const first = await rolledOut(1);
    expect(first.body.status).toMatchObject({ replicas: 1, updatedReplicas: 1, readyReplicas: 1 });
    const next = deployment('web', [{ name: 'app', image: 'example.com/app:2' }]);
    await target.apply(`${apps}/web`, next);
    const second = await rolledOut(2);
    const revision = 'deployment.kubernetes.io/revision';
    expect([first, second].map(({ body }) => body.metadata.annotations[revision])).toEqual(['1', '2']);
    expect(second.body.status.conditions.map(({ type, status }: Body) => [type, status])).toEqual([
      ['Available', 'True'],
      ['Progressing', 'True'],
    ]);
  });

  test('an image that does not exist never becomes ready, and what ran before stays', async () => {
    await target.apply(`${apps}/broken`, deployment('broken'));
    await eventually(
      () => target.call('GET', `${apps}/broken`),
      ({ body }) => body.status?.availableReplicas === 1,
    );
    await target.apply(`${apps}/broken`, deployment('broken', [{ name: 'app', image: 'example.com/app:missing' }]));
    const { body } = await eventually(
      () => target.call('GET', `${apps}/broken`),
      (answer) => answer.body.status.observedGeneration === 2,
    );
    expect(body.status).toMatchObject({ replicas: 2, updatedReplicas: 1, readyReplicas: 1, unavailableReplicas: 1 });
  });

  test('a pod that cannot start says why, belongs to the newest ReplicaSet, and goes with its template', async () => {
    const pods = (query = '') => target.call('GET', `/api/v1/namespaces/default/pods${query}`);
    const app = (tag: string) => deployment('stuck', [{ name: 'app', image: `example.com/app:${tag}` }]);
    await target.apply(`${apps}/stuck`, app('missing'));
    const { body } = await eventually(
      () => pods(),
      (answer) =>
        answer.body.items.some(
          ({ metadata, status }: Body) => metadata.name.startsWith('stuck-') && status?.containerStatuses !== undefined,
        ),
    );
    const pod = body.items.find(({ metadata }: Body) => metadata.name.startsWith('stuck-'));
    const [owner] = pod.metadata.ownerReferences;
    expect(owner).toMatchObject({ kind: 'ReplicaSet', controller: true });
    expect(pod.metadata.name.startsWith(owner.name)).toBe(true);
    expect(pod.status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ name: 'app', ready: false, state: { waiting: { reason: 'ErrImagePull' } } }],
    });
    const { body: replicaSet } = await target.call('GET', `/apis/apps/v1/namespaces/default/replicasets/${owner.name}`);
    expect(replicaSet.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'stuck' }]);
    await target.apply(`${apps}/stuck`, app('2'));
    await eventually(
      () => pods(),
      (answer) => !answer.body.items.some(({ metadata }: Body) => metadata.name.startsWith('stuck-')),
    );
  });

  test('the program of an image of the registry ends with its EXIT_CODE', async () => {
    const environment = new Map([
      ['r/app:1', ['A=b']],
      ['r/app:2', ['A=b', 'EXIT_CODE=3']],
    ]);
    const runOf = runFrom({ environmentOf: (image) => environment.get(image) });
    expect(['r/app:1', 'r/app:2', 'r/app:3', 'r/app:missing'].map(runOf)).toEqual([
      { state: 'runs' },
      { state: 'crashes', exitCode: 3 },
      { state: 'runs' },
      { state: 'missing' },
    ]);
  });

  test('a rollout that makes no progress fails after its deadline, and a better image ends that at once', async () => {
    const path = `${apps}/late`;
    const late = (tag: string, progressDeadlineSeconds: number) => {
      const wanted = deployment('late', [{ name: 'app', image: `example.com/app:${tag}` }]);
      return { ...wanted, spec: { ...wanted.spec, progressDeadlineSeconds } };
    };
    const progressing = ({ body }: { body: Body }) =>
      body.status?.conditions?.find(({ type }: Body) => type === 'Progressing') ?? {};
    const reasonIs = (reason: string) =>
      eventually(
        () => target.call('GET', path),
        (answer) => progressing(answer).reason === reason,
      );
    await target.apply(path, late('missing', 600));
    await reasonIs('ReplicaSetUpdated');
    await target.apply(path, late('missing', 1));
    const failed = progressing(await reasonIs('ProgressDeadlineExceeded'));
    expect(failed).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/^ReplicaSet "late-\w+" has timed out progressing\.$/),
    });
    await target.apply(path, late('1', 1));
    expect(progressing(await reasonIs('NewReplicaSetAvailable')).status).toBe('True');
  });

  test('runs StatefulSets, DaemonSets and Jobs', async () => {
    const { spec } = deployment('set');
    const set = (kind: string, rest: Body) => ({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: 'set' },
      spec: { ...spec, ...rest },
    });
    const { replicas: _, ...daemon } = spec;
    await target.apply('/apis/apps/v1/namespaces/default/statefulsets/set', set('StatefulSet', { serviceName: 'set' }));
    await target.call('POST', '/apis/apps/v1/namespaces/default/daemonsets', { body: { ...set('DaemonSet', {}), spec: daemon } });
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job' }, spec: { template } };
    expect((await target.apply('/apis/batch/v1/namespaces/default/jobs/job', job)).status).toBe(201);
    await eventually(
      () => target.call('GET', '/apis/apps/v1/namespaces/default/statefulsets/set'),
      ({ body }) => body.status.readyReplicas === 1,
    );
    await eventually(
      () => target.call('GET', '/apis/apps/v1/namespaces/default/daemonsets/set'),
      ({ body }) => body.status.numberReady === 1,
    );
    await eventually(
      () => target.call('GET', '/apis/batch/v1/namespaces/default/jobs/job'),
      ({ body }) => body.status.succeeded === 1,
    );
    const again = await target.apply('/apis/batch/v1/namespaces/default/jobs/job', job);
    expect(again.status).toBe(200);
  });

  test('looks at ReplicaSets and PodDisruptionBudgets too', async () => {
    const { spec } = deployment('seen');
    const replicaSets = '/apis/apps/v1/namespaces/default/replicasets';
    const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'seen' }, spec: { ...spec, replicas: 2 } };
    await target.apply(`${replicaSets}/seen`, set);
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const budget = { minAvailable: 1, selector: { matchLabels: { app: 'seen' } } };
    await target.apply(`${budgets}/seen`, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'seen' },
      spec: budget,
    });
    for (const [path, status] of [
      [`${replicaSets}/seen`, { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 }],
      [`${budgets}/seen`, { disruptionsAllowed: 0, expectedPods: 0 }],
    ] as const) {
      const { body } = await eventually(
        () => target.call('GET', path),
        (answer) => answer.body.status?.observedGeneration === 1,
      );
      expect(body.status).toMatchObject(status);
    }
  });

  test('applies a thousand objects quickly', async () => {
    const before = process.cpuUsage();
    const names = Array.from({ length: 1000 }, (_, index) => `fast-${index}`);
    const workers = Array.from({ length: 8 }, async (_, worker) => {
      for (const name of names.filter((_name, index) => index % 8 === worker))
        await target.apply(`/api/v1/namespaces/default/configmaps/${name}`, configMap(name, { a: name }));
    });
    await Promise.all(workers);
    // Of the processor, as the machine of the tests does other things too; the goal is two seconds.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(8_000);
    const { body } = await target.call('GET', '/api/v1/namespaces/default/configmaps?limit=10');
    expect(body.metadata.remainingItemCount).toBeGreaterThan(900);
  });

  test('a list cannot be continued after the history was forgotten', async () => {
    const first = await target.call('GET', '/api/v1/namespaces/default/configmaps?limit=1');
    sim.compact();
    const next = await target.call(
      'GET',
      `/api/v1/namespaces/default/configmaps?limit=1&continue=${first.body.metadata.continue}`,
    );
    expect([next.status, next.body.reason]).toEqual([410, 'Expired']);
  });

  test('a definition with a pattern no engine understands is refused', async () => {
    const schema = { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } } };
    const { status, body } = await target.apply('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    expect([status, body.message]).toEqual([422, expect.stringContaining('must be a valid regular expression')]);
  });
});

describe('with all pods', () => {
  let target: Target;
  let pods: string;
  let path: string;
  const web = (tag: string, replicas: number): Body => {
    const { spec, ...others } = deployment('web', [{ name: 'app', image: `example.com/app:${tag}` }]);
    return { ...others, spec: { ...spec, replicas } };
  };
  beforeAll(async () => {
    target = await startTarget({ embedded: { pods: 'all', rolloutMs: 10 } });
    const namespace = await target.namespace();
    [pods, path] = [`/api/v1/namespaces/${namespace}/pods`, `/apis/apps/v1/namespaces/${namespace}/deployments/web`];
  });
  afterAll(() => target.stop());

  /** Pods by owner and image, once there are so many. */
  const podsAre = async (...wanted: readonly string[]) => {
    const shown = (answer: Answer) =>
      answer.body.items.map((pod: Body) => `${pod.spec.containers[0].image} ${pod.status?.phase}`).sort();
    const answer = await eventually(
      () => target.call('GET', pods),
      (answer) => JSON.stringify(shown(answer)) === JSON.stringify(wanted),
    );
    return answer.body.items as Body[];
  };

  test('a Deployment has a ReplicaSet and as many pods as it wants, of its newest template', async () => {
    await target.apply(path, web('1', 2));
    const [first] = await podsAre('example.com/app:1 Running', 'example.com/app:1 Running');
    expect(first?.metadata.ownerReferences[0]).toMatchObject({ kind: 'ReplicaSet', controller: true });
    await target.apply(path, web('1', 1));
    await podsAre('example.com/app:1 Running');
    await target.apply(path, web('missing', 1));
    await podsAre('example.com/app:1 Running', 'example.com/app:missing Pending');
    await target.apply(path, web('2', 1));
    await podsAre('example.com/app:2 Running');
  });
});

const kubectl = process.env.KUBECTL ?? 'kubectl';
const hasKubectl = await run(kubectl, ['version', '--client']).then(
  () => true,
  () => false,
);

describe.runIf(havePart('kubectl', hasKubectl))('kubectl', () => {
  let sim: Kubernetes;
  let directory: string;
  let kube: (...args: string[]) => Promise<string>;
  beforeAll(async () => {
    sim = await startKubernetes({ rolloutMs: 10 });
    directory = await mkdtemp(join(tmpdir(), 'sim-kubectl-'));
    const config = join(directory, 'config');
    await writeFile(config, sim.kubeconfig());
    await writeFile(join(directory, 'web.json'), JSON.stringify(deployment('web')));
    kube = async (...args) =>
      (
        await run(kubectl, ['--kubeconfig', config, '--cache-dir', directory, ...args], {
          env: { ...process.env, KUBE_EDITOR: 'sed -i s/app:1/app:3/' },
        })
      ).stdout;
  });
  afterAll(async () => {
    await sim.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('applies, shows, edits, scales and deletes', async () => {
    const file = join(directory, 'web.json');
    expect(await kube('apply', '--server-side', '-f', file)).toBe('deployment.apps/web serverside-applied\n');
    expect(await kube('rollout', 'status', 'deployment/web', '--timeout=10s')).toContain('successfully rolled out');
    expect(await kube('get', 'deploy', 'web')).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1 +1 +1 +\d+s\n$/);
    expect(await kube('edit', 'deployment', 'web')).toBe('deployment.apps/web edited\n');
    expect(await kube('get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'example.com/app:3',
    );
    expect(await kube('scale', 'deployment/web', '--replicas=3')).toBe('deployment.apps/web scaled\n');
    expect(await kube('label', 'deployment/web', 'a=b')).toBe('deployment.apps/web labeled\n');
    expect(await kube('get', 'deploy', '-l', 'a=b', '-o', 'yaml')).toContain('replicas: 3');
    await expect(kube('apply', '--server-side', '-f', file)).rejects.toThrow(/conflicts? with "kubectl-edit"/);
    expect(await kube('delete', 'deployment', 'web')).toContain('deployment.apps "web" deleted');
    await expect(kube('get', 'deploy', 'web')).rejects.toThrow('deployments.apps "web" not found');
  });

  test('applies a definition and its object, the second time round', async () => {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one' }, spec: { a: 1 } };
    const file = join(directory, 'things.yaml');
    // The first line says that it is YAML: some kubectls take a file that begins with a brace for JSON alone.
    await writeFile(file, `---\n${JSON.stringify(definition)}\n---\n${JSON.stringify(thing)}\n`);
    await expect(kube('apply', '--server-side', '-f', file)).rejects.toThrow('ensure CRDs are installed first');
    await kube('wait', '--for=condition=Established', 'crd/things.example.com', '--timeout=10s');
    expect(await kube('apply', '--server-side', '-f', file)).toContain('thing.example.com/one serverside-applied');
    expect(await kube('get', 'things')).toMatch(/^NAME +AGE\none +\d+s\n$/);
  });
});
