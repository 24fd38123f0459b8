import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { CHART_ARGUMENTS } from '../support/flux-v1-chart.ts';
import { CHART_KUBECONFIG } from '../support/flux-v1-deployment.ts';
import { freePort } from '../support/free-port.ts';
import { networkAddress as address } from '../support/network-address.ts';
import { startApiProxy } from './harness/api-proxy.ts';
import { builtCommands } from './harness/build.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';
import { readKubeconfig } from './harness/kube-client.ts';
import { start } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A file system of its own, where a service account can be mounted as a kubelet mounts it. */
const OWN_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount'] as const;
const canMount = spawnSync(OWN_MOUNTS[0], [...OWN_MOUNTS.slice(1), 'mount', '-t', 'tmpfs', 'none', '/run']).status === 0;
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const MOUNT = `mount -t tmpfs none /run && mkdir -p ${ACCOUNT} && cp "$0"/* ${ACCOUNT} && exec "$@"`;

/** Does not come in on loopback, as the kubelet's probes and Prometheus do not. */
/** A pod of the chart's Deployment, of which nothing is changed but the image; the port is another one, since tests share the machine's. */
async function startPod(gitUrl: string) {
  const commands = await builtCommands();
  const proxy = await startApiProxy(readKubeconfig(world.kubeconfig), { secure: true });
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-pod-'));
  const account = join(directory, 'account');
  mkdirSync(account);
  const claims = { 'kubernetes.io': { namespace: 'flux', serviceaccount: { name: 'flux' }, pod: { name: 'flux-0', uid: 'u' } } };
  const kubeconfig = load(readFileSync(proxy.kubeconfig, 'utf8')) as {
    clusters: readonly { cluster: Readonly<Record<string, string>> }[];
  };
  const certificate = kubeconfig.clusters[0]?.cluster['certificate-authority-data'] ?? '';
  writeFileSync(join(account, 'token'), `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`);
  writeFileSync(join(account, 'ca.crt'), Buffer.from(certificate, 'base64'));
  writeFileSync(join(account, 'namespace'), 'flux');
  writeFileSync(join(directory, 'config'), CHART_KUBECONFIG);

  const port = await freePort();
  const args = CHART_ARGUMENTS.map((argument) => (argument.startsWith('--git-url=') ? `--git-url=${gitUrl}` : argument));
  const [unshare, ...options] = OWN_MOUNTS;
  const fluxd = start(
    unshare,
    [...options, 'sh', '-c', MOUNT, account, join(commands, 'fluxd.js'), ...args, `--listen=:${port}`],
    {
      env: {
        HOME: directory,
        TMPDIR: directory,
        KUBECONFIG: join(directory, 'config'),
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(proxy.port),
        // Of the chart's Service, which the kubelet tells every container.
        FLUX_SERVICE_HOST: '10.0.0.7',
        FLUX_SERVICE_PORT: '3030',
        FLUX_PORT: 'tcp://10.0.0.7:3030',
      },
    },
  );
  onTestFailed(() => console.log(`--- log of fluxd ---\n${fluxd.output()}`));
  onTestFinished(async () => {
    fluxd.kill('SIGKILL');
    await fluxd.exited;
    await proxy.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`http://${address}:${port}${path}`, { headers, signal: AbortSignal.timeout(5000) });
  return {
    fluxd,
    proxy,
    get,
    /** Both probes of the chart, as the kubelet asks; they have five seconds. */
    probe: () =>
      get('/api/flux/v6/identity.pub', { 'user-agent': 'kube-probe/1.34', accept: '*/*', connection: 'close' }).then(
        ({ status }) => status,
        () => 0, // not listening yet
      ),
  };
}

const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';

test.skipIf(!canMount || address === undefined)(
  'the Deployment of the Flux v1 chart, with another image, becomes Ready, works, and is scraped',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const revision = await repository.commit('Open the shop', {
      'shop.yaml': manifest.namespace(shop),
      'greeting.yaml': manifest.configMap(shop, 'greeting', { text: 'hello' }),
    });
    await repository.git('branch', 'master', 'main');
    const pod = await startPod(`file://${repository.directory}`);

    await until('Ready', async () => (await pod.probe()) === 200);
    await repository.synced(revision);
    expect(await world.kube.find(path.configMap(shop, 'greeting'))).toMatchObject({ data: { text: 'hello' } });
    expect(pod.proxy.requests.length).toBeGreaterThan(0);
    expect(new Set(pod.proxy.requests.map(({ authorization }) => authorization?.slice(0, 11)))).toEqual(new Set(['Bearer e30.']));
    expect(await pod.probe()).toBe(200);

    const scrape = () => pod.get('/metrics', { 'user-agent': 'Prometheus/3.4.0', accept: PROMETHEUS });
    const synced = /^flux_daemon_sync_duration_seconds_count\{success="true"\} [1-9]/m;
    // The sync is counted a moment after Git has its record.
    await until('the sync is counted', async () => synced.test(await (await scrape()).text()));
    const scraped = await scrape();
    expect(scraped.status).toBe(200);
    expect(scraped.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await scraped.text();
    for (const line of text.split('\n').filter(Boolean))
      expect(line).toMatch(
        /^(# (HELP|TYPE) [a-z_]\w* .+|[a-z_]\w*(\{(\w+="[^"]*",?)*\})? (-?[\d.]+(e[+-]?\d+)?|[Nn]a[Nn]|[+-]Inf))$/,
      );

    // Nothing else is for the network.
    expect((await pod.get('/api/flux/v6/services')).status).toBe(403);
    expect(pod.fluxd.output()).not.toContain('--ssh-keygen');
  },
);

test.skipIf(!canMount || address === undefined)(
  'it is Ready and scraped while Git cannot be reached, as Flux v1 is',
  async () => {
    const pod = await startPod(`ssh://git@127.0.0.1:${await freePort()}/you/config`);
    await until('Ready', async () => (await pod.probe()) === 200);
    await until('the trouble with Git is logged', () => /git.*(refused|clone-failed|fetch)/i.test(pod.fluxd.output()));
    expect(await pod.probe()).toBe(200);
    const scraped = await pod.get('/metrics', { accept: PROMETHEUS });
    expect(await scraped.text()).toMatch(/^flux_git_ready 0$/m);
    expect(pod.fluxd.running()).toBe(true);
  },
);
