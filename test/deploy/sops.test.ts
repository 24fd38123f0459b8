import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/harness/process.ts';
import { answer } from './harness/cluster.ts';
import { apply, command } from './harness/environment.ts';
import { filesOfExample } from './harness/example.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-sops';
const PASSWORD = 'correct-horse-battery-staple';

const files = filesOfExample('sops');

let flux: Installation;
let repository: Awaited<ReturnType<typeof clone>>;
beforeAll(async () => {
  await pushWeb('sops/web', '1.0.0');
  repository = await clone('encrypted');
  await repository.commit('Encrypt the login', files);
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'sops-age', namespace: NAMESPACE },
      stringData: { 'age.agekey': readFileSync(join(ROOT, 'examples/sops/age.agekey'), 'utf8') },
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
