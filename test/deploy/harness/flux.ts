import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtCommands } from '../../e2e/harness/build.ts';
import { type Finished, ROOT, start } from '../../e2e/harness/process.ts';
import { showLogOfFailed } from '../../support/log-of-failed.ts';
import { type Pod, pods } from './cluster.ts';
import { apply, attempt, command, environment } from './environment.ts';
import { authorize, gitAccess, HTTP_USER } from './git-server.ts';
import { FLUX } from './images.ts';
import { until } from './until.ts';

/** Flux as the chart installs it. */
export interface Installation {
  readonly namespace: string;
  pods(): Promise<readonly Pod[]>;
  /** Through a port-forward of its own, as a person with a kubeconfig does. */
  fluxctl(...args: readonly string[]): Promise<Finished>;
  /** A command that goes on until it is ended. */
  startFluxctl(...args: readonly string[]): ReturnType<typeof start>;
  /** Of all its pods, also of a container that was before. */
  log(): Promise<string>;
  /** Changes values of the release. */
  upgrade(...settings: readonly string[]): Promise<void>;
  /** As `upgrade`, by flags of Helm. */
  upgradeWith(...flags: readonly string[]): Promise<void>;
  /** What it deployed stays. */
  uninstall(): Promise<void>;
}

/** Values of the chart that all installations here have; the names are those of the chart of Flux v1. */
const VALUES = {
  image: FLUX,
  git: { branch: 'main', pollInterval: '2s' },
  registry: { automationInterval: '2s', insecureHosts: environment.registry },
  additionalArgs: ['--automation-gather=0s'],
} as const;

/** With Git over SSH: the deploy key is in a Secret, the server in known_hosts. */
export function installOverSsh(namespace: string, repository: string, values: object = {}): Promise<Installation> {
  const secret = {
    kind: 'Secret',
    metadata: { name: 'flux-git-deploy', namespace },
    stringData: { identity: gitAccess.identity() },
  };
  return install(namespace, secret, {
    ...VALUES,
    git: { ...VALUES.git, url: gitAccess.sshUrl(repository), secretName: secret.metadata.name },
    ssh: { known_hosts: gitAccess.knownHosts() },
    ...values,
  });
}

/** With Git over SSH, and nothing for it but known_hosts: fluxd makes its key, and a person gives it to the Git server. */
export async function installWithGeneratedKey(namespace: string, repository: string): Promise<Installation> {
  const flux = await install(
    namespace,
    undefined,
    { ...VALUES, git: { ...VALUES.git, url: gitAccess.sshUrl(repository) }, ssh: { known_hosts: gitAccess.knownHosts() } },
    [],
  );
  let key = '';
  await until('fluxctl prints the generated key', async () => {
    key = (await flux.fluxctl('identity')).stdout;
    return key !== '';
  });
  const stored = '-o=jsonpath={.data.identity\\.pub}';
  const encoded = await command('kubectl', '-n', namespace, 'get', 'secret', 'flux-git-deploy', stored);
  if (Buffer.from(encoded, 'base64').toString() !== key) throw new Error('the Secret has another public key');
  await authorize(key);
  await command('kubectl', '-n', namespace, 'rollout', 'status', 'deployment/flux', '--timeout=180s');
  return flux;
}

/** With Git over HTTP: name and password are in a Secret that becomes the environment. */
export function installOverHttp(namespace: string, repository: string): Promise<Installation> {
  const { name, password } = HTTP_USER;
  const stringData = { GIT_AUTHUSER: name, GIT_AUTHKEY: password };
  const secret = { kind: 'Secret', metadata: { name: 'flux-git-auth', namespace }, stringData };
  return install(namespace, secret, {
    ...VALUES,
    git: { ...VALUES.git, url: gitAccess.httpUrl(repository, '$(GIT_AUTHUSER):$(GIT_AUTHKEY)') },
    env: { secretName: secret.metadata.name },
  });
}

const WAIT = ['--wait', '--timeout=60s'];

async function install(
  namespace: string,
  secret: object | undefined,
  values: object,
  wait: readonly string[] = WAIT,
): Promise<Installation> {
  await apply(
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    ...(secret ? [{ apiVersion: 'v1', ...secret }] : []),
  );
  const directory = mkdtempSync(join(tmpdir(), 'flux-deploy-values-'));
  const file = join(directory, 'values.json');
  writeFileSync(file, JSON.stringify(values));
  const chart = join(ROOT, 'charts/flux');
  const helm = (...args: readonly string[]) => command(environment.helm, ...args, `--namespace=${namespace}`);
  try {
    await helm('install', 'flux', chart, `--values=${file}`, ...wait);
  } catch (error) {
    const { stdout } = await attempt('kubectl', '-n', namespace, 'describe', 'pods');
    throw new Error(`helm install: ${await log()}\n${stdout}`, { cause: error });
  } finally {
    rmSync(directory, { recursive: true });
  }
  const commands = await builtCommands();
  async function log(): Promise<string> {
    const { stdout } = await attempt('kubectl', '-n', namespace, 'logs', '--selector=app=flux', '--tail=-1', '--prefix');
    return stdout;
  }
  const installation: Installation = {
    namespace,
    log,
    pods: () => pods(namespace, 'app=flux'),
    fluxctl: (...args) => installation.startFluxctl(...args).finished,
    startFluxctl: (...args) =>
      start(process.execPath, [join(commands, 'fluxctl.js'), '--k8s-fwd-ns', namespace, ...args], {
        env: { HOME: tmpdir(), KUBECONFIG: environment.kubeconfig, NODE_NO_WARNINGS: '1' },
      }),
    upgrade: (...settings) => installation.upgradeWith(...settings.map((setting) => `--set=${setting}`)),
    async upgradeWith(...flags) {
      await helm('upgrade', 'flux', chart, '--reset-then-reuse-values', '--wait', '--timeout=60s', ...flags);
    },
    async uninstall() {
      await helm('uninstall', 'flux', '--wait', '--timeout=60s');
    },
  };
  return installation;
}

/** Shows the log of the installation when the test fails. */
export function showLogOnFailure(installation: Installation): void {
  showLogOfFailed(`fluxd in ${installation.namespace}`, installation.log);
}
