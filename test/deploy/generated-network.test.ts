import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attempt, command, environment } from './harness/environment.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { type Clone, clone } from './harness/git-server.ts';
import { configMaps, namespace } from './harness/manifests.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-generated-network';
const TARGET = 'fetched';
const SANDBOX = 'flux-generation-network';
/** Of no network that is private; of documentation (RFC 5737). */
const OUTSIDE = { host: '203.0.113.10', port: 8086 };
/** Where clouds give out the credentials of machines. */
const METADATA = { host: '169.254.169.254', port: 80 };
/** CoreDNS of the test cluster runs on the node. */
const NODE = '10.10.0.1';

let flux: Installation;
let repository: Clone;
let servers: readonly Server[];

/** A server on the node, outside of the network of pods. */
async function serve({ host, port }: typeof OUTSIDE, text: string): Promise<Server> {
  await command('ip', 'addr', 'add', `${host}/32`, 'dev', 'node0');
  const server = createServer((_request, response) => void response.end(text));
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}

/** Prints what a server says, by the node of the image. */
const FETCH = `node -e 'fetch("http://${OUTSIDE.host}:${OUTSIDE.port}/").then((r) => r.text()).then((t) => process.stdout.write(t))'`;
const generators = (...commands: readonly string[]) =>
  `version: 1\npatchUpdated:\n  patchFile: none.yaml\n  generators:\n${commands.map((each) => `  - command: ${JSON.stringify(each)}\n`).join('')}`;

beforeAll(async () => {
  servers = [await serve(OUTSIDE, configMaps(TARGET, 1, 'from outside')), await serve(METADATA, 'credentials')];
  repository = await clone('generated-network');
  await repository.commit('Fetch manifests', {
    'plain/namespace.yaml': namespace(TARGET),
    'fetching/.flux.yaml': generators(FETCH),
    'offline/.flux.yaml': generators(`(${FETCH}) || true; printf '${text('offline', 'attempt', 'none')}'`),
  });
  flux = await installOverSsh(NAMESPACE, 'generated-network', {
    manifestGeneration: true,
    generation: { network: { paths: ['fetching'], dns: [{ ipBlock: { cidr: `${NODE}/32` } }] } },
    additionalArgs: ['--git-path=plain,fetching,offline'],
  });
});
afterAll(async () => {
  for (const server of servers) server.close();
  for (const { host } of [OUTSIDE, METADATA]) await command('ip', 'addr', 'del', `${host}/32`, 'dev', 'node0');
  await flux.uninstall();
});

/** The beginning of a ConfigMap for printf. */
function head(name: string): string {
  return `apiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: ${name}, namespace: ${TARGET} }\\ndata:`;
}

/** A ConfigMap for printf. */
function text(name: string, key: string, value: string): string {
  return `${head(name)} { ${key}: ${value} }\\n`;
}

async function dataOf(name: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await attempt('kubectl', '-n', TARGET, 'get', 'configmap', name, '--output=json');
  return stdout === '' ? {} : JSON.parse(stdout).data;
}

test('a folder that is listed renders what it fetches from outside; doctor names the layers of both sandboxes', async () => {
  showLogOnFailure(flux);
  await until('what was fetched is applied', async () => (await dataOf('map-0')).text === 'from outside');
  await until('the other folder is applied', async () => (await dataOf('offline')).attempt === 'none');
  const { stdout } = await flux.fluxctl('doctor');
  const layers = /own user 10002, Landlock \d+, seccomp/;
  expect(stdout).toMatch(new RegExp(`ok +sandbox +commands of the repository .*${layers.source}`));
  expect(stdout).toMatch(new RegExp(`ok +sandbox +commands with network .*a pod of their own.*${layers.source}`));
});

test('an upgrade keeps the certificate that both pods show each other', async () => {
  const certificate = () => command('kubectl', '-n', NAMESPACE, 'get', 'secret', SANDBOX, '-o=jsonpath={.data.tls\\.crt}');
  const before = await certificate();
  await flux.upgrade('sync.timeout=90s');
  expect(await certificate()).toBe(before);
  expect(before).not.toBe('');
});

/** Tries to connect to each place at once, and prints the names of those that take it. */
function reached(places: Readonly<Record<string, readonly [host: string, port: number]>>): string {
  const script = `
    for (const [name, [host, port]] of Object.entries(${JSON.stringify(places)})) {
      const socket = require("net").connect(port, host);
      socket.setTimeout(4000, () => socket.destroy());
      socket.on("connect", () => { console.log("reached " + name); socket.destroy(); }).on("error", () => undefined);
    }
    require("dns").lookup("git.git.svc.cluster.local", (error) => error || console.log("reached a name"));
    require("net").createServer().on("error", () => undefined).listen(0, () => { console.log("reached by others"); process.exit(); });`;
  return `node -e '${script}'`;
}

/** What a command may try besides; each prints ESCAPED if it had its way. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  'a token': 'ls /var/run/secrets/kubernetes.io/serviceaccount && echo ESCAPED',
  'the key of the connection': 'cat /etc/flux-sandbox/tls.key && echo ESCAPED',
  'the key by the helper': 'cat /proc/1/root/etc/flux-sandbox/tls.key && echo ESCAPED',
  'the environment of the helper': 'cat /proc/1/environ && echo ESCAPED',
  'the helper itself': 'kill -9 1 && sleep 1 && echo ESCAPED',
  'its own environment': 'env | grep -i -e kubernetes -e token -e aws -e azure && echo ESCAPED',
};

test('a hostile folder with network reaches the internet, and nothing of the cluster', async () => {
  showLogOnFailure(flux);
  const [pod] = await flux.pods();
  const api = (await command('kubectl', 'get', 'service', 'kubernetes', '-o=jsonpath={.spec.clusterIP}')).trim();
  const [registry = '', registryPort] = environment.registry.split(':');
  const dials = reached({
    outside: [OUTSIDE.host, OUTSIDE.port],
    'the API server': [api, 443],
    'the API server on the node': [NODE, 6443],
    'the kubelet': [NODE, 10_250],
    'the metadata service': [METADATA.host, METADATA.port],
    'the API of fluxd on its pod': [pod?.ip ?? '', 3030],
    'the API of fluxd on loopback': ['127.0.0.1', 3030],
    'another pod': ['git.git.svc.cluster.local', 8080],
    'the registry of the node': [registry, Number(registryPort)],
  });
  const names = Object.keys(ATTEMPTS);
  const script = names
    .map((name, index) => `echo "  a${index}: \\"$( (${ATTEMPTS[name]}) 2>&1 | grep -c ESCAPED )\\""`)
    .join('\n');
  await repository.commit('Try everything', {
    'fetching/.flux.yaml': generators(
      `printf '${head('attempts')}\\n'\n${script}\n` +
        `printf '  reached: "%s"\\n' "$(${dials.replaceAll('\n', ' ')} 2>&1 | sort | tr '\\n' ,)"\n` +
        `(setsid sh -c 'trap "" TERM HUP; sleep 600' >/dev/null 2>&1 &) ; true`,
    ),
  });
  await until('the attempts are over', async () => (await dataOf('attempts')).reached !== undefined);
  const { reached: found, ...tried } = await dataOf('attempts');
  expect(found).toBe('reached a name,reached outside,');
  expect(tried).toEqual(Object.fromEntries(names.map((_, index) => [`a${index}`, '0'])));
  // The helper, and sh, ls and wc of this question.
  const processes = await command(
    ...(['kubectl', '-n', NAMESPACE, 'exec', `deployment/${SANDBOX}`, '--', 'sh', '-c', 'ls -d /proc/[0-9]* | wc -l'] as const),
  );
  expect(Number(processes)).toBeLessThanOrEqual(4);
});

test('while its pod is away only that folder is refused, by name; it is rendered when the pod is back', async () => {
  showLogOnFailure(flux);
  const scale = (replicas: number) =>
    command('kubectl', '-n', NAMESPACE, 'scale', `deployment/${SANDBOX}`, `--replicas=${replicas}`);
  await scale(0);
  await command('kubectl', '-n', NAMESPACE, 'wait', '--for=delete', 'pod', `--selector=app=${SANDBOX}`, '--timeout=60s');
  await repository.commit('Go on', {
    'fetching/.flux.yaml': generators(FETCH, `printf -- '${`---\\n${text('again', 'fetched', 'again')}`}'`),
    'offline/.flux.yaml': generators(`printf '${text('offline', 'attempt', 'again')}'`),
  });
  await until('the other folder is applied', async () => (await dataOf('offline')).attempt === 'again');
  expect((await flux.fluxctl('status')).stdout).toMatch(
    /refused .*fetching\/\.flux\.yaml.*the sandbox with network is not connected at flux-generation-network/,
  );
  await scale(1);
  await until('it is rendered', async () => (await dataOf('again')).fetched === 'again');
});

test('without its NetworkPolicy it reaches the API server and the metadata service, and runs nothing', async () => {
  showLogOnFailure(flux);
  await command('kubectl', '-n', NAMESPACE, 'delete', 'networkpolicy', SANDBOX);
  await command('kubectl', '-n', NAMESPACE, 'delete', 'pod', `--selector=app=${SANDBOX}`);
  await until('doctor says so', async () =>
    /fail +sandbox +no commands with network are run: .*no NetworkPolicy keeps its commands from the API server/.test(
      (await flux.fluxctl('doctor')).stdout,
    ),
  );
  const log = await command('kubectl', '-n', NAMESPACE, 'logs', `--selector=app=${SANDBOX}`);
  expect(log).toMatch(new RegExp(`commands could reach .*${METADATA.host}:${METADATA.port}`));
  expect(log).toMatch(/commands could reach .*:443/);
  await repository.commit('Try without a policy', { 'fetching/.flux.yaml': generators(FETCH, 'exit 3') });
  await until('the folder is refused', async () =>
    /refused .*fetching\/\.flux\.yaml.*no NetworkPolicy/.test((await flux.fluxctl('status')).stdout),
  );
});
