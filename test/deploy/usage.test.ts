import { expect, onTestFinished, test } from 'vitest';
import type { LivePodsWire } from '../../src/api/wire/index.ts';
import { environment } from './harness/environment.ts';
import { installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushSystem, pushWeb } from './harness/images.ts';
import { namespace } from './harness/manifests.ts';
import { installMetricsServer } from './harness/metrics-server.ts';
import { openPage } from './harness/page.ts';
import { until } from './harness/until.ts';

const MIB = 2 ** 20;

/** A pod that serves and one container of which computes all the time, as far as its limit lets it. */
const WORKLOAD = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: usage }
spec:
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: ${environment.registry}/usage/web:1
          resources:
            requests: { cpu: 10m, memory: 8Mi }
            limits: { memory: 64Mi }
        - name: busy
          image: ${environment.registry}/usage/system:1
          command: [sh, -c, "while :; do :; done"]
          resources:
            requests: { cpu: 50m, memory: 4Mi }
            limits: { cpu: 100m, memory: 32Mi }
`;

test('the page has what containers use as metrics-server measures it, and says so while it is absent or not ready', async () => {
  await Promise.all([pushWeb('usage/web', '1'), pushSystem('usage/system', '1')]);
  const repository = await clone('usage');
  const first = await repository.commit('Begin', { 'usage.yaml': `${namespace('usage')}---\n${WORKLOAD}` });
  const flux = await installOverSsh('flux-usage', 'usage');
  showLogOnFailure(flux);
  await repository.synced(first);
  await using page = await openPage(flux);
  const read = async () => {
    const response = await page.read('live/pods?id=usage:deployment/web');
    expect(response.status).toBe(200);
    return (await response.json()) as LivePodsWire;
  };
  const usages = ({ pods }: LivePodsWire) => pods.flatMap(({ containers }) => containers.map(({ usage }) => usage));

  await until('both containers run', async () =>
    (await read()).pods.some(({ containers }) => containers.every(({ state }) => state === 'running')),
  );
  const without = await read();
  expect(without).toMatchObject({ usage: 'not-served', pods: [{ ready: true }] });
  expect(usages(without)).toEqual([undefined, undefined]);

  const metricsServer = await installMetricsServer();
  onTestFinished(() => metricsServer.uninstall());
  let early = without;
  await until('the API is registered, and no pod serves it', async () => {
    early = await read();
    return early.usage !== 'not-served';
  });
  expect(early).toMatchObject({ usage: 'unread', noUsage: 'metrics-server does not answer: service unavailable' });
  expect(usages(early)).toEqual([undefined, undefined]);
  // An API that does not answer holds up no sync.
  const second = await repository.commit('Go on', { 'more.yaml': namespace('usage-more') });
  await repository.synced(second);

  await metricsServer.start();
  let report = early;
  await until('both containers are measured', async () => {
    report = await read();
    return usages(report).every((usage) => usage !== undefined);
  });
  expect(report).toMatchObject({ usage: 'read', isCut: false });
  const [pod] = report.pods;
  const [busy, web] = pod?.containers.toSorted((a, b) => a.name.localeCompare(b.name)) ?? [];
  expect(busy).toMatchObject({ requests: { cpu: 0.05, memory: 4 * MIB }, limits: { cpu: 0.1, memory: 32 * MIB } });
  expect(web).toMatchObject({ requests: { cpu: 0.01, memory: 8 * MIB }, limits: { memory: 64 * MIB } });
  const between = (amount: number | undefined, least: number, most: number) =>
    expect(amount !== undefined && amount >= least && amount <= most, `${amount}`).toBe(true);
  // The kernel lets a container run in parts of 100 ms, so it may be a little above its limit.
  between(busy?.usage?.cpu, 0.01, 0.13);
  between(busy?.usage?.memory, 4096, 32 * MIB);
  between(web?.usage?.cpu, 0, 0.1);
  between(web?.usage?.memory, 4096, 64 * MIB);
  await flux.uninstall();
});
