import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apply, attempt, command, environment } from './harness/environment.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { type Clone, clone } from './harness/git-server.ts';
import { FLUX, pushWeb } from './harness/images.ts';
import { configMaps, namespace } from './harness/manifests.ts';
import { until } from './harness/until.ts';

const FLUX_NAMESPACE = 'flux-policy';
/** Where machines keep their own credentials. */
const METADATA = { address: '169.254.169.254', port: 8085 } as const;
const GIT_OVER_HTTP = 'http://git.git.svc.cluster.local:8080/';

let flux: Installation;
let repository: Clone;
let metadata: Server;
beforeAll(async () => {
  await pushWeb('policy/web', '1');
  repository = await clone('network-policy');
  const first = await repository.commit('Begin', maps('first'));
  await Promise.all(['monitoring', 'outside'].map(client));
  await command('ip', 'addr', 'add', `${METADATA.address}/32`, 'dev', 'node0');
  metadata = createServer((_request, response) => void response.end('credentials'));
  await new Promise<void>((resolve) => metadata.listen(METADATA.port, METADATA.address, resolve));
  // A sidecar that listens at a port which it does not declare.
  flux = await installOverSsh(FLUX_NAMESPACE, 'network-policy', {
    extraContainers: sidecar(),
  });
  await repository.synced(first);
});
afterAll(async () => {
  metadata.close();
  await flux.uninstall();
});

const RESTRICTED = { runAsUser: 65534, runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const maps = (text: string) => ({ 'maps.yaml': `${namespace('policy')}---\n${configMaps('policy', 1, text)}` });
const sidecar = (more: object = {}) => [
  { name: 'sidecar', image: `${environment.registry}/policy/web:1`, securityContext: RESTRICTED, ...more },
];

/** A namespace with a pod that asks. */
async function client(name: string): Promise<void> {
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'client', namespace: name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'client', image: `${FLUX.repository}:${FLUX.tag}`, command: ['sleep', '3600'] }],
      },
    },
  );
  await command('kubectl', '-n', name, 'wait', '--for=condition=Ready', 'pod/client', '--timeout=60s');
}

const CLIENT = (name: string) => ['-n', name, 'exec', 'client', '--'];
const DAEMON = ['-n', FLUX_NAMESPACE, 'exec', 'deployment/flux', '-c', 'flux', '--'];

/** Whether a connection comes about, whatever is answered. A packet that is dropped is answered by nobody. */
async function opens(from: readonly string[], url: string): Promise<boolean> {
  const { stdout, stderr } = await attempt('kubectl', ...from, 'wget', '-T', '2', '-q', '-S', '-O', '-', url);
  if (/HTTP\/1\.1 \d{3}/.test(stdout + stderr)) return true;
  if (/timed out/.test(stderr)) return false;
  throw new Error(`neither open nor closed: ${stdout}${stderr}`);
}

async function daemonAt(port: number): Promise<string> {
  const [pod] = await flux.pods();
  if (!pod?.ip) throw new Error('fluxd has no address');
  return `http://${pod.ip}:${port}/`;
}

const METADATA_URL = `http://${METADATA.address}:${METADATA.port}/`;

test('as it comes: Prometheus reaches port 3030 and nothing else, others nothing, and fluxd all but link-local addresses', async () => {
  showLogOnFailure(flux);
  const metrics = `${await daemonAt(3030)}metrics`;
  expect(await opens(CLIENT('outside'), metrics)).toBe(false);
  await command('kubectl', '-n', 'monitoring', 'label', 'pod', 'client', 'app.kubernetes.io/name=prometheus');
  await until('Prometheus is admitted', () => opens(CLIENT('monitoring'), metrics));
  expect(await opens(CLIENT('monitoring'), await daemonAt(8080))).toBe(false);
  expect(await opens(CLIENT('outside'), await daemonAt(8080))).toBe(false);
  // It listens there.
  expect(await opens(DAEMON, 'http://127.0.0.1:8080/')).toBe(true);

  expect(await opens(DAEMON, GIT_OVER_HTTP)).toBe(true);
  expect(await opens(CLIENT('outside'), METADATA_URL)).toBe(true);
  expect(await opens(DAEMON, METADATA_URL)).toBe(false);
  // A port-forward does not come by the network.
  expect(await flux.fluxctl('list-workloads', '--all-namespaces')).toMatchObject({ code: 0 });
});

test('with networkPolicy.from only those reach port 3030; a declared port of a sidecar is open', async () => {
  showLogOnFailure(flux);
  const monitoring = '[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]';
  await flux.upgradeWith('--set-json', `networkPolicy.from=${monitoring}`);
  const metrics = `${await daemonAt(3030)}metrics`;
  await until('others are kept out', async () => !(await opens(CLIENT('outside'), metrics)));
  expect(await opens(CLIENT('monitoring'), metrics)).toBe(true);

  await flux.upgradeWith('--set-json', `extraContainers=${JSON.stringify(sidecar({ ports: [{ containerPort: 8080 }] }))}`);
  await until('the port of the sidecar is open', async () => opens(CLIENT('outside'), await daemonAt(8080)));
  expect(await opens(CLIENT('outside'), `${await daemonAt(3030)}metrics`)).toBe(false);
});

test('with webhook.enabled and webhookFrom only those reach the port of webhooks', async () => {
  showLogOnFailure(flux);
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'fluxrecv-config', namespace: FLUX_NAMESPACE },
    stringData: {
      'fluxrecv.yaml': 'fluxRecvVersion: 1\nendpoints: [{ source: GitHub, keyPath: github.key }]\n',
      'github.key': 'k3y',
    },
  });
  const outside = '[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"outside"}}}]';
  await flux.upgradeWith(
    '--set-json',
    `networkPolicy.webhookFrom=${outside}`,
    '--set=webhook.enabled=true',
    '--set-json=extraContainers=[]',
  );
  const hook = `${await daemonAt(8080)}hook/x`;
  expect(await opens(CLIENT('outside'), hook)).toBe(true);
  expect(await opens(CLIENT('monitoring'), hook)).toBe(false);
});

test('with egressPorts fluxd reaches those, and works: Git, the registry, the API server', async () => {
  showLogOnFailure(flux);
  const registry = environment.registry.split(':')[1];
  await flux.upgradeWith('--set-json', `networkPolicy.egressPorts=[2222,6443,${registry}]`);
  await until('other ports are closed', async () => !(await opens(DAEMON, GIT_OVER_HTTP)));
  expect(await opens(DAEMON, `http://${environment.registry}/v2/`)).toBe(true);
  const next = await repository.commit('Go on', maps('second'));
  expect(await repository.synced(next)).toMatchObject({ counts: { configured: 1 } });
  expect(await command('kubectl', '-n', 'policy', 'get', 'configmap', 'map-0', '-o', 'jsonpath={.data.text}')).toBe('second');
});
