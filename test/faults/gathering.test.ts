import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRemote, sourceOf, temporaryDirectory } from '../git/support/repository.ts';
import { FakeRegistry } from '../registry-watch/fake-registry.ts';
import { recordedInGit } from '../support/recorded-in-git.ts';
import { requestsTo } from '../support/requests-to.ts';
import { thorough } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { namespace, yaml } from './manifests.ts';

const SECOND = 1000;
const IMAGES = 10;
const numbers = Array.from({ length: IMAGES }, (_, n) => n);

/** Each of the workloads follows its own major version. */
function workload(number: number, image: string): object {
  const name = `app-${number}`;
  const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.app': `semver:~${number}` };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', annotations },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: `${image}:${number}.0.0` }] } },
    },
  };
}

test.runIf(thorough('ten images over a minute'))(
  'ten images pushed over a minute make one commit, which says what they were built from',
  async () => {
    const registry = await new FakeRegistry().listen();
    onTestFinished(() => registry.close());
    const push = (number: number, patch: number) => {
      const Labels = {
        'org.opencontainers.image.source': 'https://git.example/shop',
        'org.opencontainers.image.revision': 'abc',
      };
      registry.tag(`${number}.0.${patch}`, registry.image({ created: '2030-01-01T00:00:00Z', config: { Labels } }));
    };
    for (const number of numbers) push(number, 0);
    const manifests = numbers.map((number) => workload(number, registry.name));
    const remote = createRemote({ 'all.yaml': yaml(namespace('shop'), ...manifests) });
    const source = sourceOf(`file://${remote.path}`, { directory: join(temporaryDirectory(), 'mirror') });
    const flags = ['--registry-disable-scanning=false', '--registry-insecure-host=127.0.0.1', '--automation-interval=3s'];
    const engine = await startEngine({}, { source: recordedInGit(source), pending: requestsTo(registry.host), flags });
    const head = () => readFileSync(join(remote.path, 'refs/heads/main'), 'utf8').trim();
    const first = head();
    await engine.time.until(
      'the first sync is recorded',
      () => existsSync(join(remote.path, 'refs/tags/flux-sync')),
      60 * SECOND,
    );

    for (const number of numbers) {
      push(number, 1);
      await engine.time.pass(6 * SECOND);
      expect(head()).toBe(first);
    }
    await engine.time.until('automation commits', () => head() !== first, 60 * SECOND);
    await engine.time.pass(120 * SECOND);

    expect(remote.git('rev-list', '--count', `${first}..main`).trim()).toBe('1');
    const text = remote.git('show', 'main:all.yaml');
    for (const number of numbers) expect(text).toContain(`:${number}.0.1`);
    const message = remote.git('log', '-1', '--format=%B', 'main');
    expect(message).toMatch(/^Auto-release multiple \(10\) images\n\n - /);
    expect(message).toContain('\nBuilt from https://git.example/shop at abc:\n  ');
    const waits = engine.log.filter(({ msg }) => msg === 'update waits');
    expect(waits).toHaveLength(IMAGES);
  },
);
