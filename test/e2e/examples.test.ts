import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { path, startWorld, type World } from './harness/index.ts';
import { ROOT } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const EXAMPLES = [
  // Its releases/ need the Helm operator; helm-release.test.ts is about those.
  { example: 'get-started', namespace: 'demo', objects: 4, workload: 'demo:deployment/podinfo' },
  { example: 'erddap', namespace: 'erddap', objects: 7, workload: 'erddap:deployment/erddap' },
];

test.runIf(thorough('examples')).each(EXAMPLES)(
  'examples/$example is applied as it is, and its workload is automated',
  async ({ example, namespace, objects, workload }) => {
    onTestFinished(async () => {
      if (await world.kube.find(path.namespace(namespace))) await world.kube.delete(path.namespace(namespace));
    });
    const directory = join(ROOT, 'examples', example);
    const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.yaml') && !name.startsWith('releases/'),
    );
    const repository = await world.repository();
    const revision = await repository.commit(
      'As it is',
      Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'utf8')])),
    );
    const fluxd = await world.fluxd(repository, { args: ['--registry-disable-scanning'] });
    expect((await repository.synced(revision)).counts).toEqual({ created: objects });
    const { stdout } = await fluxd.fluxctl('list-workloads', `--namespace=${namespace}`);
    expect(stdout).toMatch(new RegExp(`^${workload} .* automated$`, 'm'));
  },
);
