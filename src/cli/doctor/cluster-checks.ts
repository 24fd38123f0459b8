import * as z from 'zod';
import { fewOf, messageOf } from '../../base/index.ts';
import type { ClusterView } from '../../cluster/port-forward/index.ts';
import { clockFinding } from './clock.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** The first version with stable server-side apply. */
const OLDEST = [1, 22] as const;

/** Checks that the API server answers, its version and its clock. */
export async function checkServer(cluster: ClusterView, now: () => number): Promise<readonly Finding[]> {
  const { version, timeMs } = await cluster.version();
  const where = `Kubernetes ${version} at ${cluster.server}, context ${JSON.stringify(cluster.context)}`;
  const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const tooOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return [
    tooOld
      ? fail('cluster', `${where} is too old`, `fluxd needs Kubernetes ${OLDEST.join('.')} or newer.`)
      : ok('cluster', where),
    ...(timeMs === undefined ? [] : [clockFinding('the API server', timeMs, now())]),
  ];
}

export interface DaemonPod {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      spec: z.object({
        serviceAccountName: z.string().default('default'),
        containers: z.array(z.object({ name: z.string(), image: z.string().default('') })),
      }),
      status: z
        .object({
          phase: z.string().default(''),
          conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
          containerStatuses: z
            .array(
              z.object({
                restartCount: z.number().default(0),
                lastState: z.object({ terminated: z.object({ reason: z.string().default('') }).optional() }).default({}),
                state: z
                  .object({
                    waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(),
                    terminated: z.object({ reason: z.string().default('') }).optional(),
                  })
                  .default({}),
              }),
            )
            .default([]),
        })
        .prefault({}),
    }),
  ),
});
type Pod = z.infer<typeof podsSchema>['items'][number];

/** The daemon's pod and its condition. The pod is undefined when there is none, or more than one. */
export async function checkPod(
  cluster: ClusterView,
  { namespace, labelSelectors }: { readonly namespace: string; readonly labelSelectors: readonly string[] },
): Promise<{ readonly pod?: DaemonPod; readonly findings: readonly Finding[] }> {
  for (const labelSelector of labelSelectors) {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const { items } = podsSchema.parse((await cluster.get(path, { labelSelector })) ?? { items: [] });
    const [pod, ...others] = items;
    if (!pod) continue;
    const { name } = pod.metadata;
    const named: DaemonPod = { name, namespace, serviceAccount: pod.spec.serviceAccountName };
    if (others.length === 0) return { pod: named, findings: [podFinding(pod)] };
    const help =
      'One of them writes and the others wait, but fluxctl forwards only to a single pod: run kubectl port-forward to one, and pass --url.';
    return {
      findings: [warn('pod', `${items.length} pods match ${labelSelector} in namespace ${JSON.stringify(namespace)}`, help)],
    };
  }
  const elsewhere = await namespacesWith(cluster, labelSelectors);
  const help =
    elsewhere.length > 0
      ? `fluxd runs in another namespace; use ${elsewhere.map((each) => `--k8s-fwd-ns=${each}`).join(' or ')}.`
      : 'Set its namespace with --k8s-fwd-ns and its labels with --k8s-fwd-labels, or install it: fluxctl install --help.';
  return {
    findings: [fail('pod', `no pod matches ${labelSelectors.join(' or ')} in namespace ${JSON.stringify(namespace)}`, help)],
  };
}

/** Other namespaces with a daemon, as far as the user may list pods. */
async function namespacesWith(cluster: ClusterView, labelSelectors: readonly string[]): Promise<readonly string[]> {
  try {
    const lists = await Promise.all(
      labelSelectors.map(
        async (labelSelector) => podsSchema.parse((await cluster.get('/api/v1/pods', { labelSelector })) ?? { items: [] }).items,
      ),
    );
    return [...new Set(lists.flat().map(({ metadata }) => metadata.namespace))].sort();
  } catch {
    return []; // most users may not list all pods
  }
}

/** The chart's setting. */
const MORE_MEMORY = 'Raise resources.limits.memory of the chart; see docs/install.md for the required amount.';

function podFinding({ metadata: { name, namespace }, spec, status }: Pod): Finding {
  const image = spec.containers.map((container) => container.image).join(', ');
  const pod = `${namespace}/${name} (${image})`;
  const logs = `See kubectl -n ${namespace} describe pod ${name} and kubectl -n ${namespace} logs ${name}.`;
  const wasKilledForMemory = status.containerStatuses.some(({ state, lastState }) =>
    [state, lastState].some(({ terminated }) => terminated?.reason === 'OOMKilled'),
  );
  if (wasKilledForMemory) return fail('pod', `${pod} was killed because it exceeded its memory limit`, MORE_MEMORY);
  const waiting = status.containerStatuses.map(({ state }) => state.waiting?.reason ?? '').find((reason) => reason !== '');
  if (waiting) return fail('pod', `${pod} is not running: ${waiting}`, logs);
  if (status.phase !== 'Running') return fail('pod', `${pod} is ${status.phase || 'not started'}`, logs);
  const restarts = Math.max(0, ...status.containerStatuses.map(({ restartCount }) => restartCount));
  if (!status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    return warn('pod', `${pod} is not ready`, logs);
  if (restarts >= 5) return warn('pod', `${pod} was restarted ${restarts} times`, logs);
  return ok('pod', `${pod} is ready`);
}

const VERBS = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
const KINDS = [
  { group: '', resource: 'namespaces' },
  { group: '', resource: 'configmaps' },
  { group: '', resource: 'services' },
  { group: 'apps', resource: 'deployments' },
];
const EVERYTHING = { verb: '*', group: '*', resource: '*' };

/** The cluster-wide rights of the daemon's service account. */
export async function checkRights(cluster: ClusterView, { namespace, serviceAccount }: DaemonPod): Promise<readonly Finding[]> {
  const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
  const who = `service account ${namespace}/${serviceAccount}`;
  if (await cluster.may(user, EVERYTHING)) return [ok('rights', `${who} has full access`)];
  const asked = KINDS.flatMap((kind) => VERBS.map((verb) => ({ ...kind, verb })));
  const answers = await Promise.all(
    asked.map(async (attributes) => ({ ...attributes, may: await cluster.may(user, attributes) })),
  );
  const missing = answers.filter(({ may }) => !may).map(({ verb, resource }) => `${verb} ${resource}`);
  if (missing.length === 0) return [ok('rights', `${who} can read and write the common kinds cluster-wide`)];
  const help =
    'With --k8s-allow-namespace this is expected: rights in those namespaces are enough. Otherwise see docs/rights.md.';
  return [warn('rights', `${who} lacks cluster-wide rights: ${fewOf(missing, 4)}`, help)];
}

/** Runs a group of checks. If the group itself fails, the error becomes its finding. */
export async function attempt(
  check: string,
  help: string | ((error: unknown) => string),
  run: () => Promise<readonly Finding[]>,
  level: 'warn' | 'fail' = 'warn',
): Promise<readonly Finding[]> {
  try {
    return await run();
  } catch (error) {
    return [{ check, level, message: messageOf(error), help: typeof help === 'string' ? help : help(error) }];
  }
}
