import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { manifest, path, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A kustomize that puts into an object which of its memory a core dump would have. */
const KUSTOMIZE = `#!/bin/sh
read -r filter </proc/self/coredump_filter
read -r _ namespace <kustomization.yaml
echo "{apiVersion: v1, kind: ConfigMap, metadata: {name: made, namespace: $namespace}, data: {filter: '$filter'}}"
`;

test.runIf(process.platform === 'linux')('no core dump of fluxd, or of a program that it runs, has memory (S-074)', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const first = await repository.commit('Begin', {
    'namespace.yaml': manifest.namespace(shop),
    'app/kustomization.yaml': `namespace: ${shop}\nresources: []\n`,
  });
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'kustomize'), KUSTOMIZE, { mode: 0o755 });
  const fluxd = await world.fluxd(repository, {
    args: ['--kustomize=auto'],
    env: { PATH: [folder, process.env.PATH].join(delimiter) },
  });
  await repository.synced(first);
  const filterOf = (pid: number | 'self') => readFileSync(`/proc/${pid}/coredump_filter`, 'utf8').trim();
  expect(filterOf('self')).not.toBe('00000000');
  expect(filterOf(fluxd.pid)).toBe('00000000');
  expect((await world.kube.find(path.configMap(shop, 'made')))?.data).toMatchObject({ filter: '00000000' });
});
