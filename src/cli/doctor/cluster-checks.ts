import * as z from 'zod';
import { messageOf } from '../../base/index.ts';
import type { ClusterView } from '../../cluster/port-forward/index.ts';
import { clockFinding } from './clock.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** The first one whose server-side apply is stable. */
const OLDEST = [1, 22] as const;

/** Whether the API server answers, which version it is, and what time it has. */
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

/** The daemon's pod, and whether it is well; the pod is missing when there is none, or more than one. */
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
      'One of them writes and the others wait, but fluxctl forwards to a single pod only: run kubectl port-forward to one, and give --url.';
    return {
      findings: [warn('pod', `${items.length} pods of ${labelSelector} are in namespace ${JSON.stringify(namespace)}`, help)],
    };
  }
  const elsewhere = await namespacesWith(cluster, labelSelectors);
  const help =
    elsewhere.length > 0
      ? `One runs elsewhere: ${elsewhere.map((each) => `--k8s-fwd-ns=${each}`).join(', ')}.`
      : 'Give its namespace by --k8s-fwd-ns and its labels by --k8s-fwd-labels, or install it: fluxctl install --help.';
  return {
    findings: [fail('pod', `no pod of ${labelSelectors.join(' or ')} is in namespace ${JSON.stringify(namespace)}`, help)],
  };
}

/** Where else a daemon is, as far as that may be known. */
async function namespacesWith(cluster: ClusterView, labelSelectors: readonly string[]): Promise<readonly string[]> {
  try {
    const lists = await Promise.all(
      labelSelectors.map(
        async (labelSelector) => podsSchema.parse((await cluster.get('/api/v1/pods', { labelSelector })) ?? { items: [] }).items,
      ),
    );
    return [...new Set(lists.flat().map(({ metadata }) => metadata.namespace))].sort();
  } catch {
    return []; // most people may not list all pods
  }
}

/** Of the chart; docs/install.md says how much. */
const MORE_MEMORY = 'Give it more: resources.limits.memory of the chart; docs/install.md says how much is needed.';

function podFinding({ metadata: { name, namespace }, spec, status }: Pod): Finding {
  const image = spec.containers.map((container) => container.image).join(', ');
  const pod = `${namespace}/${name} (${image})`;
  const logs = `Look at kubectl -n ${namespace} describe pod ${name}, and kubectl -n ${namespace} logs ${name}.`;
  const wasKilledForMemory = status.containerStatuses.some(({ state, lastState }) =>
    [state, lastState].some(({ terminated }) => terminated?.reason === 'OOMKilled'),
  );
  if (wasKilledForMemory) return fail('pod', `${pod} was killed because its limit of memory is too small`, MORE_MEMORY);
  const waiting = status.containerStatuses.map(({ state }) => state.waiting?.reason ?? '').find((reason) => reason !== '');
  if (waiting) return fail('pod', `${pod} does not run: ${waiting}`, logs);
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

/** What the daemon's service account may do in the whole cluster. */
export async function checkRights(cluster: ClusterView, { namespace, serviceAccount }: DaemonPod): Promise<readonly Finding[]> {
  const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
  const who = `service account ${namespace}/${serviceAccount}`;
  if (await cluster.may(user, EVERYTHING)) return [ok('rights', `${who} may do everything`)];
  const asked = KINDS.flatMap((kind) => VERBS.map((verb) => ({ ...kind, verb })));
  const answers = await Promise.all(
    asked.map(async (attributes) => ({ ...attributes, may: await cluster.may(user, attributes) })),
  );
  const missing = answers.filter(({ may }) => !may).map(({ verb, resource }) => `${verb} ${resource}`);
  if (missing.length === 0) return [ok('rights', `${who} may read and write the usual kinds in the whole cluster`)];
  const shown = missing.length > 4 ? `${missing.slice(0, 4).join(', ')} and ${missing.length - 4} more` : missing.join(', ');
  const help =
    'With --k8s-allow-namespace that is as it should be, and rights in those namespaces are enough; else see docs/rights.md.';
  return [warn('rights', `${who} may not do in the whole cluster: ${shown}`, help)];
}

/** Runs one group of checks; when it cannot be carried out, that is its finding. */
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
