import { expect, test } from 'vitest';
import { apply, command } from './harness/environment.ts';
import { installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone, gitAccess } from './harness/git-server.ts';
import { namespace } from './harness/manifests.ts';

const NAMESPACE = 'flux-mounts';
/** As Flux v1 has it: a context whose namespace counts; the cluster is the one around. */
const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: []
users: []
contexts: [{ name: own, context: { cluster: "", user: "", namespace: mounts } }]
current-context: own
`;

test('files that values of Flux v1 mount in the home of root are read by user 10001', async () => {
  const repository = await clone('own-mounts');
  // Without a namespace of its own.
  const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: map }\ndata: { text: by its context }\n';
  const revision = await repository.commit('Begin', { 'namespace.yaml': namespace('mounts'), 'map.yaml': map });
  const config = (name: string, data: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE },
    data,
  });
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    config('own-kubeconfig', { config: KUBECONFIG }),
    config('own-ssh', { known_hosts: gitAccess.knownHosts() }),
  );
  const flux = await installOverSsh(NAMESPACE, 'own-mounts', {
    kube: { externalConfig: true },
    ssh: {},
    extraVolumes: [
      { name: 'own-kubeconfig', configMap: { name: 'own-kubeconfig', defaultMode: 0o400 } },
      { name: 'own-ssh', configMap: { name: 'own-ssh', defaultMode: 0o600 } },
    ],
    extraVolumeMounts: [
      { name: 'own-kubeconfig', mountPath: '/root/.kubectl' },
      { name: 'own-ssh', mountPath: '/root/.ssh', readOnly: true },
    ],
  });
  showLogOnFailure(flux);
  await repository.synced(revision);
  expect(await command('kubectl', '-n', 'mounts', 'get', 'configmap', 'map', '-o', 'jsonpath={.data.text}')).toBe(
    'by its context',
  );
  expect((await command('kubectl', '-n', NAMESPACE, 'exec', 'deployment/flux', '-c', 'flux', '--', 'id', '-u')).trim()).toBe(
    '10001',
  );
  await flux.uninstall();
});
