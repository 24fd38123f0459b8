import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { selfSignedCertificate } from '../../src/sim/kubernetes/certificate.ts';
import { freePort } from '../support/free-port.ts';
import { networkAddress as address } from '../support/network-address.ts';
import { thorough } from '../support/sampled.ts';
import { builtCommands } from './harness/build.ts';
import { type Account, type Fault, manifest, type Recorded, startWorld, until, type World } from './harness/index.ts';
import { ROOT, run } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A way to the daemon's network address under a name that its certificate has. */
async function forward(port: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect(port, address);
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly { readonly nonResourceURLs: readonly string[]; readonly verbs: readonly string[] }[];
}

const docs = readFileSync(join(ROOT, 'docs/api-access.md'), 'utf8');
const roles = [...docs.matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, yaml = '']) => loadAll(yaml) as readonly Role[]);
const rulesOf = (name: string) => {
  const rules = roles.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name)?.rules;
  if (!rules) throw new Error(`docs/api-access.md shows no ClusterRole ${name}`);
  return rules;
};

interface Caller {
  readonly account: Account;
  readonly rules: ReturnType<typeof rulesOf>;
}

/** Somebody who has one of the roles that docs/api-access.md shows. */
async function callerWith(role: string): Promise<Caller> {
  const account = await world.account();
  const rules = rulesOf(role);
  await account.grant({ cluster: rules });
  return { account, rules };
}

/** Stands in for the API server's own reviews, which the embedded one does not know; rules are read as RBAC does. */
function reviewing(callers: readonly Caller[]): (request: Recorded) => Fault | undefined {
  const answer = (kind: string, status: object): Fault => ({ kind: 'answer', status: 201, body: { kind, status } });
  const covers = (url: string, path: string) => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : path === url);
  return ({ path, body }) => {
    if (path.endsWith('/tokenreviews')) {
      const caller = callers.find(({ account }) => account.token === JSON.parse(body).spec.token);
      return answer('TokenReview', caller ? { authenticated: true, user: { username: caller.account.user } } : {});
    }
    if (path.endsWith('/subjectaccessreviews')) {
      const { user, nonResourceAttributes: asked } = JSON.parse(body).spec;
      const rules = callers.find(({ account }) => account.user === user)?.rules ?? [];
      const allowed = rules.some(
        ({ verbs, nonResourceURLs }) => verbs.includes(asked.verb) && nonResourceURLs.some((url) => covers(url, asked.path)),
      );
      return answer('SubjectAccessReview', { allowed });
    }
    return undefined;
  };
}

test.runIf(address !== undefined && thorough('access from the network, end to end'))(
  'from the network, by TLS, fluxctl does what the right of its token allows, and nothing more',
  async () => {
    const viewer = await callerWith('fluxd-viewer');
    const releaser = await callerWith('fluxd-releaser');
    const [viewers, releasers] = [viewer.account.token, releaser.account.token];
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const revision = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/web:1`, replicas: 0 }),
    });
    const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-tls-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const [certFile, keyFile] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
    const { cert, key } = selfSignedCertificate(Date.now());
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);

    const port = await freePort();
    const args = [`--listen=:${port}`, `--tls-cert-file=${certFile}`, `--tls-private-key-file=${keyFile}`];
    const fluxd = await world.fluxd(repository, { args, wait: false });
    if (!world.runsPods) fluxd.proxy.intercept = reviewing([viewer, releaser]);
    await repository.synced(revision);
    const near = await forward(port);
    const commands = await builtCommands();
    const fluxctl = (scheme: string, token: string | undefined, ...words: readonly string[]) =>
      run(
        process.execPath,
        [
          join(commands, 'fluxctl.js'),
          `--url=${scheme}://localhost:${near}/api/flux`,
          ...(token ? [`--token=${token}`] : []),
          ...words,
        ],
        { env: { HOME: directory, NODE_EXTRA_CA_CERTS: certFile } },
      );

    const listed = await fluxctl('https', viewers, 'list-workloads', '--namespace', shop);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('deployment/web') });
    const refused: readonly (readonly [string, string, string | undefined, readonly string[]])[] = [
      ['the request has no token', 'https', undefined, ['list-workloads']],
      ['the token is not valid', 'https', 'strangers-token', ['list-workloads']],
      [`${viewer.account.user} may not post /fluxd/api/flux/v9/git-repo-config`, 'https', viewers, ['sync']],
      [
        `${viewer.account.user} may not post /fluxd/api/flux/v9/update-manifests`,
        'https',
        viewers,
        ['automate', '--workload', `${shop}:deployment/web`],
      ],
      ['this API is served on loopback addresses', 'http', releasers, ['list-workloads']],
    ];
    for (const [why, scheme, token, words] of refused) {
      const { code, stdout, stderr } = await fluxctl(scheme, token, ...words);
      expect({ code, stdout }, why).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(why);
    }
    expect(repository.head()).toBe(revision);

    expect((await fluxctl('https', releasers, 'sync')).code).toBe(0);
    expect((await fluxctl('https', releasers, 'automate', '--workload', `${shop}:deployment/web`)).code).toBe(0);
    await until('the policy is committed', () => repository.head() !== revision);

    fluxd.proxy.intercept = () => ({ kind: 'drop' });
    const unknown = await fluxctl('https', 'never-seen-token', 'list-workloads');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('access cannot be checked now') });
    for (const token of [viewers, releasers, 'strangers-token', 'never-seen-token']) expect(fluxd.log()).not.toContain(token);
  },
);
