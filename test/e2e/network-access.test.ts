import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { selfSignedCertificate } from '../../src/sim/kubernetes/certificate.ts';
import { builtCommands } from './harness/build.ts';
import { freePort } from './harness/fluxd.ts';
import { type Fault, manifest, type Recorded, startWorld, until, type World } from './harness/index.ts';
import { ROOT, run } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const address = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

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
/** Who bears which token, and has which of the roles that docs/api-access.md shows. */
const ROLES: Readonly<Record<string, string>> = { 'viewers-token': 'fluxd-viewer', 'releasers-token': 'fluxd-releaser' };

/** As RBAC reads them: a path ends in `*`, or is meant as it is. */
function may(user: string, verb: string, path: string): boolean {
  const role = roles.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === ROLES[user]);
  const covers = (url: string) => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : path === url);
  return role?.rules?.some(({ nonResourceURLs, verbs }) => verbs.includes(verb) && nonResourceURLs.some(covers)) === true;
}

/** Stands in for the API server's own reviews, which the embedded one does not know. */
function review({ path, body }: Recorded): Fault | undefined {
  const answer = (kind: string, status: object): Fault => ({ kind: 'answer', status: 201, body: { kind, status } });
  if (path.endsWith('/tokenreviews')) {
    const { token } = JSON.parse(body).spec;
    return answer('TokenReview', token in ROLES ? { authenticated: true, user: { username: token } } : { authenticated: false });
  }
  if (path.endsWith('/subjectaccessreviews')) {
    const { user, nonResourceAttributes: asked } = JSON.parse(body).spec;
    return answer('SubjectAccessReview', { allowed: may(user, asked.verb, asked.path) });
  }
  return undefined;
}

test.skipIf(address === undefined)(
  'from the network, by TLS, fluxctl does what the right of its token allows, and nothing more',
  async ({ skip }) => {
    if (world.runsPods) return skip('a real API server reviews tokens itself');
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
    fluxd.proxy.intercept = review;
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

    const listed = await fluxctl('https', 'viewers-token', 'list-workloads', '--namespace', shop);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('deployment/web') });
    const refused: readonly (readonly [string, string, string | undefined, readonly string[]])[] = [
      ['the request has no token', 'https', undefined, ['list-workloads']],
      ['the token is not valid', 'https', 'strangers-token', ['list-workloads']],
      ['viewers-token may not post /fluxd/api/flux/v9/git-repo-config', 'https', 'viewers-token', ['sync']],
      [
        'viewers-token may not post /fluxd/api/flux/v9/update-manifests',
        'https',
        'viewers-token',
        ['automate', '--workload', `${shop}:deployment/web`],
      ],
      ['this API is served on loopback addresses', 'http', 'releasers-token', ['list-workloads']],
    ];
    for (const [why, scheme, token, words] of refused) {
      const { code, stdout, stderr } = await fluxctl(scheme, token, ...words);
      expect({ code, stdout }, why).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(why);
    }
    expect(repository.head()).toBe(revision);

    expect((await fluxctl('https', 'releasers-token', 'sync')).code).toBe(0);
    expect((await fluxctl('https', 'releasers-token', 'automate', '--workload', `${shop}:deployment/web`)).code).toBe(0);
    await until('the policy is committed', () => repository.head() !== revision);

    fluxd.proxy.intercept = () => ({ kind: 'drop' });
    const unknown = await fluxctl('https', 'never-seen-token', 'list-workloads');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('access cannot be decided now') });
    for (const token of [...Object.keys(ROLES), 'strangers-token', 'never-seen-token'].filter((each) => each !== 'viewers-token'))
      expect(fluxd.log()).not.toContain(token);
  },
);
