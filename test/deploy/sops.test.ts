import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/harness/process.ts';
import { answer } from './harness/cluster.ts';
import { apply, command, environment } from './harness/environment.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-sops';
const EXAMPLE = join(ROOT, 'examples/sops');
const PASSWORD = 'correct-horse-battery-staple';

/** The example as it is, but for the registry that its image comes from, and without the key. */
const files = Object.fromEntries(
  readdirSync(EXAMPLE, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(EXAMPLE, name)).isFile() && name.endsWith('.yaml'))
    .map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8').replaceAll('ghcr.io/', `${environment.registry}/`)]),
);

let flux: Installation;
let repository: Awaited<ReturnType<typeof clone>>;
beforeAll(async () => {
  await pushWeb('you/web', '1.0.0');
  repository = await clone('encrypted');
  await repository.commit('Encrypt the login', files);
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'sops-age', namespace: NAMESPACE },
      stringData: { 'age.agekey': readFileSync(join(EXAMPLE, 'age.agekey'), 'utf8') },
    },
  );
  flux = await installOverSsh(NAMESPACE, 'encrypted', {
    sops: { enabled: true, ageKeySecret: { name: 'sops-age' } },
    additionalArgs: ['--git-path=shop'],
  });
});
afterAll(() => flux.uninstall());

test('what SOPS encrypted is decrypted for the cluster, and shown nowhere', async () => {
  showLogOnFailure(flux);
  await until('the application answers', async () => ((await answer('sops', 'web')) ?? '').includes('version=1.0.0'));
  const secret = JSON.parse(await command('kubectl', '-n', 'sops', 'get', 'secret', 'login', '--output=json'));
  expect(Buffer.from(secret.data.password, 'base64').toString()).toBe(PASSWORD);
  const said = [
    (await flux.fluxctl('why', 'sops:deployment/web')).stdout,
    (await flux.fluxctl('status')).stdout,
    (await flux.fluxctl('sync')).stdout,
    await flux.log(),
    await command('kubectl', 'get', 'events', '--all-namespaces', '--output=json'),
  ];
  expect(said.filter((text) => text.includes(PASSWORD) || text.includes(Buffer.from(PASSWORD).toString('base64')))).toEqual([]);
});
