import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { serveGitOverHttp } from '../git/support/http-server.ts';
import { leaksOf, plant, reportCanaries } from '../support/canaries.ts';
import { thorough } from '../support/sampled.ts';
import { builtCommands } from './harness/build.ts';
import { createWebhooks, manifest, startWorld, until, type World } from './harness/index.ts';
import { run } from './harness/process.ts';
import { startTellingRegistry } from './harness/telling-registry.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const secret = (namespace: string, name: string, rest: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n${rest}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Bodies of Secrets that are broken at the value; each is a file of its own. */
const BROKEN = {
  alias: (canary: string) => `stringData:\n  password: *${canary}\n`,
  anchor: (canary: string) => `stringData:\n  password: &${canary}.x &y 1\n`,
  tag: (canary: string) => `stringData:\n  password: !${canary}!x y\n`,
  'local tag': (canary: string) => `stringData:\n  password: !${canary} y\n`,
  'open quote': (canary: string) => `stringData:\n  password: "${canary}\n`,
  'text after a quote': (canary: string) => `stringData:\n  password: "x" ${canary}\n`,
  'open list': (canary: string) => `stringData:\n  password: [${canary}\n`,
  'reserved character': (canary: string) => `stringData:\n  password: @${canary}\n`,
  directive: (canary: string) => `%${canary} 1\nstringData: {}\n`,
  tab: (canary: string) => `stringData:\n\tpassword: ${canary}\n`,
  'key twice': (canary: string) => `stringData:\n  password: x\n  password: ${canary}\n`,
  'item among keys': (canary: string) => `stringData:\n  a: b\n  - ${canary}\n`,
  'merged value': (canary: string) => `stringData:\n  <<: ${canary}\n`,
  'complex key': (canary: string) => `stringData:\n  ? {${canary}: x}\n  : y\n`,
  'map in stringData': (canary: string) => `stringData: { key: { ${canary}: 1 } }\n`,
  escape: (canary: string) => `stringData:\n  password: "\\q${canary}"\n`,
};
type BrokenForm = keyof typeof BROKEN;
const FORMS = Object.keys(BROKEN) as readonly BrokenForm[];

test.runIf(thorough('secrets, end to end'))(
  'S-074: no secret comes out by the log, the API, the metrics, events, commits, notes or command lines',
  async () => {
    const planted = plant(
      'former git token',
      'git token',
      'data',
      'changed data',
      'stringData',
      'data that is not base64',
      'data of the wrong type',
      'data of an unknown field',
      'a file that cannot be parsed',
      'last-applied annotation',
      'pull secret',
      'live data',
      'previewed data',
      'bearer token',
      'probe token',
      'token in a query',
      'refused body',
      'webhook with a wrong key',
      'webhook with a wrong signature',
      'signed webhook that is no JSON',
      'URL in a signed webhook',
      'Docker config',
      'host in a Docker config',
      'auth without a colon in a Docker config',
      'pull secret that is no JSON',
      'answer of a registry',
      'answer of a hook of the Git host',
      'token given to fluxctl',
      ...FORMS,
    );
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const webhooks = await createWebhooks();
    onTestFinished(() => webhooks.remove());
    const tokens = [planted['former git token'], planted['git token']];
    const { port } = await serveGitOverHttp(dirname(repository.directory), {
      admits: (given) => tokens.some((token) => given === `Basic ${base64(`flux:${token}`)}`),
    });
    const image = world.unique('acme/web');
    await world.push(image, '1.0.0', { version: '1.0.0' });

    const telling = await startTellingRegistry(planted['answer of a registry']);
    const scratch = mkdtempSync(join(tmpdir(), 'flux-secrets-'));
    onTestFinished(() => rmSync(scratch, { recursive: true }));
    const tokenFile = join(scratch, 'token');
    writeFileSync(tokenFile, planted['former git token']);
    const dockerConfig = join(scratch, 'config.json');
    const auths = {
      [telling]: { username: 'bot', password: planted['Docker config'] },
      [`https://bot:${planted['host in a Docker config']}@registry`]: { username: 'bot', password: 'x' },
      'registry.example.org': { auth: base64(planted['auth without a colon in a Docker config']) },
    };
    writeFileSync(dockerConfig, JSON.stringify({ auths }));

    const auth = { auths: { [world.registry]: { username: 'bot', password: planted['pull secret'] } } };
    const lastApplied = JSON.stringify({ data: { key: planted['last-applied annotation'] } });
    const files = {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest
        .deployment({ namespace: shop, name: 'web', image: `${world.registry}/${image}:1.0.0` })
        .replace('    spec:\n', '    spec:\n      imagePullSecrets: [{ name: pull }]\n'),
      'good.yaml': secret(shop, 'good', `data: { key: ${base64(planted.data)} }\nstringData: { plain: ${planted.stringData} }\n`),
      'pull.yaml': secret(
        shop,
        'pull',
        `type: kubernetes.io/dockerconfigjson\ndata: { .dockerconfigjson: ${base64(JSON.stringify(auth))} }\n`,
      ),
      'telling.yaml': manifest.deployment({ namespace: shop, name: 'telling', image: `${telling}/acme/web:1.0.0`, replicas: 0 }),
      'broken-pull.yaml': secret(
        shop,
        'broken-pull',
        `type: kubernetes.io/dockerconfigjson\ndata: { .dockerconfigjson: ${base64(`{"auths": ${planted['pull secret that is no JSON']}`)} }\n`,
      ),
      'other.yaml': manifest
        .deployment({ namespace: shop, name: 'other', image: `${world.registry}/${image}:1.0.0`, replicas: 0 })
        .replace('    spec:\n', '    spec:\n      imagePullSecrets: [{ name: broken-pull }]\n'),
      ...Object.fromEntries(
        FORMS.map((form, index) => [`form-${index}.yaml`, secret(shop, `form-${index}`, BROKEN[form](planted[form]))]),
      ),
      'annotated.yaml': secret(shop, 'annotated', 'data: {}\n').replace(
        'metadata:\n',
        `metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '${lastApplied}'\n`,
      ),
      'bad-base64.yaml': secret(shop, 'bad-base64', `data: { key: "${planted['data that is not base64']}!" }\n`),
      'bad-type.yaml': secret(shop, 'bad-type', `data: { key: [${planted['data of the wrong type']}] }\n`),
      'unparsable.yaml': secret(shop, 'unparsable', `stringData:\n  key: ${planted['a file that cannot be parsed']}: [\n  {\n`),
      'bad-field.yaml': secret(shop, 'bad-field', `dato: { key: ${planted['data of an unknown field']} }\n`),
    };
    const first = await repository.commit('Open the shop', files);
    const said = planted['answer of a hook of the Git host'];
    repository.hook(
      'pre-receive',
      // Of tokens that fluxd never gave out it cannot know that they are secret.
      `echo "$(cat ${join(scratch, 'given')}) is wrong, token=${said} and https://flux:${said}@vault are not" >&2; exit 1`,
    );
    writeFileSync(join(scratch, 'given'), planted['former git token']);
    const url = `http://flux@127.0.0.1:${port}/${basename(repository.directory)}`;
    const fluxd = await world.fluxd(url, {
      args: [
        '--log-format=json',
        '--registry-trace',
        '--sync-garbage-collection',
        `--git-token-file=${tokenFile}`,
        `--docker-config=${dockerConfig}`,
        `--registry-insecure-host=${telling}`,
        ...webhooks.args,
      ],
    });
    const origin = new URL(fluxd.url).origin;
    const seen = new Map<string, string>();
    const ask = async (what: string, path: string, init?: RequestInit) => {
      const response = await fetch(origin + path, init);
      seen.set(what, `${seen.get(what) ?? ''}${JSON.stringify([...response.headers])}\n${await response.text()}\n`);
      return response.status;
    };
    const post = (what: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      ask(what, path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      });
    const streaming = new AbortController();
    const events = fetch(`${origin}/api/v1/events`, { signal: streaming.signal });
    void (async () => {
      const decoder = new TextDecoder();
      for await (const piece of (await events).body ?? []) seen.set('events', (seen.get('events') ?? '') + decoder.decode(piece));
    })().catch(() => {}); // it is aborted in the end
    onTestFinished(() => streaming.abort());

    // What is applied, refused, changed in Git and in the cluster, and gone.
    await until('the Git host refused a push', () => fluxd.log().includes('*** is wrong, token='));
    writeFileSync(tokenFile, planted['git token']);
    await fluxd.fluxctl('sync');
    writeFileSync(join(scratch, 'given'), tokens.join(' and '));
    await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`);
    await until('it refused another', () => fluxd.log().includes('*** and *** is wrong, token='));
    await post('git-repo-config', '/api/flux/v9/git-repo-config', false);
    await ask('why', `/api/v1/why?id=${shop}:deployment/web`);
    seen.set('fluxctl doctor', (await fluxd.fluxctl('doctor')).stdout);
    repository.hook('pre-receive', undefined);
    const second = await repository.commit('Change', {
      'good.yaml': secret(shop, 'good', `data: { key: ${base64(planted['changed data'])} }\n`),
    });
    await repository.synced(second);
    const good = `api/v1/namespaces/${shop}/secrets/good`;
    await world.kube.patch(good, { data: { key: base64(planted['live data']) } });
    await until('the drift is corrected', async () => {
      const live = await world.kube.find(good);
      return live?.data?.key === base64(planted['changed data']);
    });
    await until('the registries were scanned', () => [image, 'denied: got'].every((text) => fluxd.log().includes(text)));

    // What people and strangers send.
    const content = secret(shop, 'good', `data: { key: ${base64(planted['previewed data'])} }\n`);
    expect(await post('diff of files', '/api/v1/diffs', { files: [{ path: 'good.yaml', content }] })).toBe(200);
    expect(seen.get('diff of files')).toContain(`${shop}:secret/good`);
    await post('diff of a revision', '/api/v1/diffs', { revision: first });
    await post('refused body', '/api/v1/diffs', { password: planted['refused body'] });
    await post('refused body', '/api/flux/v9/update-manifests', { type: planted['refused body'] });
    await ask('with a token', '/api/flux/v11/nope', { headers: { authorization: `Bearer ${planted['bearer token']}` } });
    await ask('with a token', '/api/v1/nope', { headers: { authorization: `Scope-Probe token=${planted['probe token']}` } });
    await ask('with a token', `/api/v1/history?limit=x&token=${planted['token in a query']}`);
    const hook = webhooks.gitHubPush({ url: `http://127.0.0.1:${port}/${basename(repository.directory)}`, branch: 'main' });
    expect(await webhooks.send(hook)).toBe(202);
    await webhooks.send({ ...hook, path: `/hook/${planted['webhook with a wrong key']}` });
    await webhooks.send({
      ...hook,
      headers: { ...hook.headers, 'x-hub-signature-256': planted['webhook with a wrong signature'] },
    });
    await webhooks.send(webhooks.generic(planted['signed webhook that is no JSON']));
    await webhooks.send(
      webhooks.gitHubPush({ url: `https://flux:${planted['URL in a signed webhook']}@vault/a.git`, branch: 'main' }),
    );
    expect((await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`)).code).toBe(0);
    await repository.synced(repository.head());

    // What can be read of it.
    const routes = ['objects', 'history', 'images/scans', 'health', 'gc', 'syncs/none'];
    for (const route of routes) await ask(route, `/api/v1/${route}`);
    for (const name of ['secret/good', 'secret/bad-field', 'secret/annotated', 'deployment/web', 'deployment/other'])
      await ask('why', `/api/v1/why?id=${shop}:${name}`);
    await ask('why', '/api/v1/why?file=unparsable.yaml');
    for (const path of ['v11/services?namespace=', 'v10/images?namespace=&service=%3Call%3E', 'v6/sync?ref=main', 'v6/export'])
      await ask(path, `/api/flux/${path}`);
    await post('git-repo-config', '/api/flux/v9/git-repo-config', false);
    await ask('metrics', '/metrics');
    const commands = [
      ['list-workloads', '-a'],
      ['list-images', '-n', shop],
      ['sync'],
      ['diff'],
      ['status'],
      ['save', '--out', '-'],
    ];
    const ours = ['--token', planted['token given to fluxctl'], 'list-controllers'];
    await Promise.all(
      [...commands, ours].map(async (words) => {
        const { stdout, stderr } = await fluxd.fluxctl(...words);
        seen.set(`fluxctl ${words.at(words === ours ? 2 : 0)}`, stdout + stderr);
      }),
    );
    seen.set('log', fluxd.log());
    seen.set(
      'command line',
      readFileSync(`/proc/${fluxd.pid}/task/${fluxd.pid}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(commandLine)
        .join('\n'),
    );
    seen.set('commits', await repository.git('log', '--format=raw', '--all'));
    for (const ref of ['flux', 'flux-sync'])
      for (const line of (await repository.git('notes', `--ref=${ref}`, 'list')).trim().split('\n'))
        seen.set(
          `notes ${ref}`,
          (seen.get(`notes ${ref}`) ?? '') + (await repository.git('cat-file', '-p', line.split(' ')[0] ?? '')),
        );
    seen.set('cluster events', JSON.stringify(await world.kube.find('api/v1/events')));

    for (const what of ['events', 'log', 'objects', 'history', 'notes flux', 'notes flux-sync', 'v6/export', 'fluxctl diff'])
      expect(seen.get(what)?.length, what).toBeGreaterThan(100);
    const [keyDigest = ''] = /[0-9a-f]{64}$/.exec(hook.path) ?? [];
    const all = { ...planted, 'URL of the webhook': keyDigest, 'token for the API server': 'the-proxy-has-the-credentials' };
    const leaks = leaksOf(all, seen);
    reportCanaries(all, seen, leaks);
    expect(leaks).toEqual([]);
  },
);

test.runIf(thorough('secrets that cannot be used'))(
  'S-074: nothing that is read before the start comes out when it cannot be used',
  async () => {
    const planted = plant(
      'kubeconfig that is no YAML',
      'kubeconfig with an alias',
      'password beside a variable',
      'value in a config file',
      'key in a config file',
      'what a credential plugin prints',
    );
    const scratch = mkdtempSync(join(tmpdir(), 'flux-secrets-'));
    onTestFinished(() => rmSync(scratch, { recursive: true }));
    const commands = await builtCommands();
    const file = (name: string, content: string) => {
      writeFileSync(join(scratch, name), content);
      return join(scratch, name);
    };
    const kubeconfig = (user: string) =>
      `clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
users:
- name: a
  user:
    ${user}
`;
    const noYaml = file('no-yaml', kubeconfig(`token: "${planted['kubeconfig that is no YAML']}`));
    const sound = file('sound', kubeconfig('token: x'));
    const alias = file('alias', kubeconfig(`token: *${planted['kubeconfig with an alias']}`));
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: 'echo',
      args: [planted['what a credential plugin prints']],
    };
    const plugin = file('plugin', kubeconfig(`exec: ${JSON.stringify(exec)}`));
    const settings = `sync-interval: ${planted['value in a config file']}\n${planted['key in a config file']}: 1\n`;
    const fluxd = (...args: readonly string[]) => ['fluxd.js', '--listen=127.0.0.1:0', ...args];
    const seen = new Map<string, string>();
    const says = async (expected: string, kubeconfigFile: string, [command = '', ...args]: readonly string[]) => {
      const env = { HOME: scratch, NODE_NO_WARNINGS: '1', KUBECONFIG: kubeconfigFile };
      const { code, stdout, stderr } = await run(process.execPath, [join(commands, command), ...args], { env });
      seen.set(`${command}: ${expected}`, stdout + stderr);
      expect(stdout + stderr).toContain(expected);
      expect(code).toBeGreaterThan(0);
    };
    await Promise.all([
      says('no-yaml: line 8: invalid YAML', noYaml, fluxd('--git-url=file:///x')),
      says('alias: line 7: invalid YAML', alias, ['fluxctl.js', 'doctor']),
      says('the output of the credential plugin is not JSON', plugin, ['fluxctl.js', 'list-workloads']),
      says(
        'a variable without a value',
        sound,
        fluxd(`--git-url=https://flux:${planted['password beside a variable']}@$(HOST)/r`),
      ),
      says('settings.yaml:2: unknown key', '', fluxd(`--config-file=${file('settings.yaml', settings)}`)),
    ]);
    const leaks = leaksOf(planted, seen);
    reportCanaries(planted, seen, leaks);
    expect(leaks).toEqual([]);
  },
);

function commandLine(pid: string): string {
  return execFileSync('ps', ['-ww', '-o', 'args=', '-p', pid], { encoding: 'utf8' });
}
